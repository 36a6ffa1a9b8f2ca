"""Sentences: where they begin and end, with offsets that lead back to the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.sentences import split_sentences
from transforms.text import lower, normalise, slug


def pieces(text: str) -> list[str]:
    normal = normalise(text)
    return [text[s.start : s.end] for s in split_sentences(normal)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Iran sent drones. Russia denied it.", ["Iran sent drones.", "Russia denied it."]),
        (
            "The U.S. Army bought 12 guns. It wants more.",
            ["The U.S. Army bought 12 guns.", "It wants more."],
        ),
        ("Gen. Pat Ryder and Lt. Col. Jo Doe spoke.", ["Gen. Pat Ryder and Lt. Col. Jo Doe spoke."]),
        ("President George W. Bush signed.", ["President George W. Bush signed."]),
        ("Sales rose 3.5 per cent. Then they fell.", ["Sales rose 3.5 per cent.", "Then they fell."]),
        (
            "It has political domains.However, it makes no mention.",
            ["It has political domains.", "However, it makes no mention."],
        ),
        ("“We sent them.” He left.", ["“We sent them.”", "He left."]),
        ("Is it true? Nobody knows!", ["Is it true?", "Nobody knows!"]),
        ("A headline without a stop\nThe text begins.", ["A headline without a stop", "The text begins."]),
        ("a line that was\nwrapped by hand.", ["a line that was\nwrapped by hand."]),
        ("One.\n\nTwo.", ["One.", "Two."]),
        ("Lockheed Martin Corp. The deal is large.", ["Lockheed Martin Corp.", "The deal is large."]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_split(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


def test_paragraphs_are_counted() -> None:
    sentences = split_sentences("One. Two.\n\nThree.")
    assert [s.paragraph for s in sentences] == [0, 0, 1]


@given(st.text(max_size=400))
def test_any_text_is_covered_in_order(text: str) -> None:
    normal = normalise(text)
    assert len(normal) == len(text)
    end = 0
    for sentence in split_sentences(normal):
        assert normal[end : sentence.start].strip() == ""
        assert sentence.start < sentence.end
        assert normal[sentence.start : sentence.end].strip() == normal[sentence.start : sentence.end]
        end = sentence.end
    assert normal[end:].strip() == ""


@given(st.text(max_size=200))
def test_normal_forms_keep_the_length(text: str) -> None:
    assert len(normalise(text)) == len(text)
    assert len(lower(text)) == len(text)


def test_a_very_long_sentence_is_cut() -> None:
    text = "word " * 5000
    sentences = split_sentences(text)
    assert max(s.end - s.start for s in sentences) <= 1500
    assert " ".join(text[s.start : s.end] for s in sentences).split() == text.split()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Hanwha Aerospace", "hanwha-aerospace"),
        ("Jan Lipavský", "jan-lipavsky"),
        ("Władysław Kosiniak-Kamysz", "wladyslaw-kosiniak-kamysz"),
        ("U.S. Central Command", "u-s-central-command"),
        ("  ", ""),
    ],
)
def test_slug(name: str, expected: str) -> None:
    assert slug(name) == expected
