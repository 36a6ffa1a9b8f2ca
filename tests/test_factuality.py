"""How sure a claim is and where its transfer stands: one sentence in many moods.

Factuality as in FactBank: CT certain, PR probable, PS possible, + it is so, - it is not so, Uu unknown.
"""

from __future__ import annotations

import pytest
from extracting import told

MOODS = [
    # As a fact, and its negations.
    ("Greece sent tanks to Ukraine.", "delivered", "CT+"),
    ("Greece sends tanks to Ukraine.", "delivered", "CT+"),
    ("Greece continues to send tanks to Ukraine.", "delivered", "CT+"),
    ("Greece has begun sending tanks to Ukraine.", "delivered", "CT+"),
    ("Greece resumed sending tanks to Ukraine.", "delivered", "CT+"),
    ("Greece did not send tanks to Ukraine.", "delivered", "CT-"),
    ("Greece never sent tanks to Ukraine.", "delivered", "CT-"),
    ("Greece sent no tanks to Ukraine.", "delivered", "CT-"),
    ("Greece failed to send tanks to Ukraine.", "delivered", "CT-"),
    ("Greece denied that it sent tanks to Ukraine.", "delivered", "CT-"),
    ("Tanks have not been sent to Ukraine by Greece.", "delivered", "CT-"),
    # Hedged.
    ("Greece might have sent tanks to Ukraine.", "delivered", "PS+"),
    ("Tanks may have been sent to Ukraine by Greece.", "delivered", "PS+"),
    ("Perhaps Greece sent tanks to Ukraine.", "delivered", "PS+"),
    ("Greece probably sent tanks to Ukraine.", "delivered", "PR+"),
    ("Greece apparently sent tanks to Ukraine.", "delivered", "PR+"),
    ("Greece is thought to have sent tanks to Ukraine.", "delivered", "PR+"),
    ("Greece doubts that France sent tanks to Ukraine.", "delivered", "PS-"),
    ("It is not clear whether Greece sent tanks to Ukraine.", "delivered", "Uu"),
    # Ahead.
    ("Greece is going to send tanks to Ukraine.", "planned", "CT+"),
    ("Greece intends to send tanks to Ukraine.", "planned", "CT+"),
    ("Greece promised to send tanks to Ukraine.", "planned", "CT+"),
    ("Greece decided to send tanks to Ukraine.", "planned", "CT+"),
    ("Greece is ready to send tanks to Ukraine.", "planned", "CT+"),
    ("Tanks will be sent to Ukraine by Greece.", "planned", "CT+"),
    ("Greece's plan to send tanks to Ukraine drew criticism.", "planned", "CT+"),
    ("Greece may send tanks to Ukraine.", "planned", "PS+"),
    ("Greece could send tanks to Ukraine.", "planned", "PS+"),
    ("Greece considered sending tanks to Ukraine.", "planned", "PS+"),
    ("Possible sales of tanks by Greece to Ukraine drew criticism.", "planned", "PS+"),
    ("Greece decided not to send tanks to Ukraine.", "planned", "CT-"),
    ("Greece will not send tanks to Ukraine.", "planned", "CT-"),
    # Offered, asked for, allowed.
    ("Greece offered to send tanks to Ukraine.", "offered", "CT+"),
    ("Greece was asked to send tanks to Ukraine.", "requested", "CT+"),
    ("Greece's parliament approved sending tanks to Ukraine.", "approved", "CT+"),
    # Halted, refused.
    ("Greece stopped sending tanks to Ukraine.", "suspended", "CT+"),
    ("Greece delayed sending tanks to Ukraine.", "suspended", "CT+"),
    ("Greece declined to send tanks to Ukraine.", "cancelled", "CT+"),
    ("Greece rejected a request to send tanks to Ukraine.", "cancelled", "CT+"),
    ("Greece's refusal to send tanks to Ukraine drew criticism.", "cancelled", "CT+"),
    ("Greece blocked the transfer of tanks to Ukraine.", "cancelled", "CT+"),
    ("Greece called off the sale of tanks to Ukraine.", "cancelled", "CT+"),
]


@pytest.mark.parametrize(("text", "status", "factuality"), MOODS)
def test_mood(text: str, status: str, factuality: str) -> None:
    assert told(text, "status", "factuality") == {(status, factuality)}


@pytest.mark.parametrize(
    ("text", "factuality"),
    [
        ("Reuters reported that Greece sent tanks to Ukraine.", "CT+"),
        ("Officials said Greece may have sent tanks to Ukraine.", "PS+"),
        ("US officials believe that Greece has sent tanks to Ukraine.", "PR+"),
        ("A minister denied that Greece had sent tanks to Ukraine.", "CT-"),
        ("Analysts say Greece probably sent tanks to Ukraine.", "PR+"),
    ],
)
def test_what_the_source_makes_of_it(text: str, factuality: str) -> None:
    assert told(text, "factuality") == {factuality}


def test_what_stands_beside_a_transfer_does_not_colour_it() -> None:
    text = "Greece, which may hold an election in May, sent tanks to Ukraine after a plan to sell ships had failed."
    assert told(text, "category", "status", "factuality") == {("battle_tank", "delivered", "CT+")}
