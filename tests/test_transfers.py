"""Transfer claims from English as news writes it: who sends what to whom, how many, when, how surely, by whose word."""

from __future__ import annotations

from datetime import date

import pytest
from extracting import extract, parties, told

CONSTRUCTIONS = [
    # Verbs of giving, selling, buying, receiving.
    ("Sweden delivered 12 howitzers to Estonia.", {"SWE>EST artillery"}),
    ("Twelve howitzers were delivered to Estonia by Sweden.", {"SWE>EST artillery"}),
    ("Ghana was given 20 armoured vehicles by Germany.", {"DEU>GHA armoured_vehicle"}),
    ("Norway gave Moldova 14 armoured vehicles.", {"NOR>MDA armoured_vehicle"}),
    ("France equipped the Lebanese army with anti-tank missiles.", {"FRA>LBN anti_tank"}),
    ("South Korea has supplied the Philippines with FA-50 jets.", {"KOR>PHL combat_aircraft"}),
    ("Iran has armed Hezbollah with rockets.", {"IRN>hezbollah ammunition"}),
    ("Poland transferred its MiG-29 fighters to Ukraine.", {"POL>UKR combat_aircraft"}),
    ("Estonia donated all of its howitzers to Ukraine.", {"EST>UKR artillery"}),
    ("Israel leased drones to Germany.", {"ISR>DEU uav"}),
    ("Egypt ordered 30 Rafale jets from France.", {"FRA>EGY combat_aircraft"}),
    ("Pakistan bought 36 J-10 fighters from China.", {"CHN>PAK combat_aircraft"}),
    ("Ukraine got 31 Abrams tanks from the United States.", {"USA>UKR battle_tank"}),
    ("The Philippines received BrahMos missiles from India.", {"IND>PHL missile"}),
    # Nouns.
    ("Arms sales by France to Egypt rose last year.", {"FRA>EGY unspecified"}),
    ("Hungary's purchase of 36 howitzers from Germany was announced in May.", {"DEU>HUN artillery"}),
    ("Angola placed an order for 12 Su-30 fighters with Russia.", {"RUS>AGO combat_aircraft"}),
    ("The $90 million sale of tanks by Spain to Chile was approved.", {"ESP>CHL battle_tank"}),
    # Clauses that hang on the item.
    ("The missiles supplied by Turkey to Azerbaijan were shown at a parade.", {"TUR>AZE missile"}),
    ("The US Navy intercepted a shipment of Iranian rifles bound for Yemen.", {"IRN>YEM small_arms"}),
    ("The radars, which Israel sold to Finland last year, are in service.", {"ISR>FIN sensor"}),
    ("Tanks from Germany arrived in Ukraine.", {"DEU>UKR battle_tank"}),
    ("A shipment of rifles from Serbia arrived in Armenia.", {"SRB>ARM small_arms"}),
    # Lists.
    (
        "Germany and Poland will send 10 tanks and 4 howitzers to Ukraine.",
        {"DEU>UKR battle_tank", "POL>UKR battle_tank", "DEU>UKR artillery", "POL>UKR artillery"},
    ),
    (
        "Britain, France and Italy supplied Ukraine with air defence missiles.",
        {"GBR>UKR air_defence", "FRA>UKR air_defence", "ITA>UKR air_defence"},
    ),
    ("Iran supplies drones to Hezbollah and Hamas.", {"IRN>hezbollah uav", "IRN>hamas uav"}),
    (
        "Mali has received helicopters, drones and radars from Russia.",
        {"RUS>MLI helicopter", "RUS>MLI uav", "RUS>MLI sensor"},
    ),
    ("Ireland donated night vision goggles and body armour to Moldova.", {"IRL>MDA personal_equipment"}),
    # Who counts as a party.
    ("The Kremlin sold S-400 systems to Turkey.", {"RUS>TUR air_defence"}),
    ("Pyongyang shipped missiles to Moscow.", {"PRK>RUS missile"}),
    ("The Pentagon will ship at least 20 Stryker vehicles to Ukraine.", {"USA>UKR armoured_vehicle"}),
    ("The Polish air force received 12 helicopters from Italy.", {"ITA>POL helicopter"}),
    ("The State Department approved the sale of Javelin missiles to Ireland.", {"USA>IRL anti_tank"}),
    ("Uruguay's navy ordered two patrol ships from Spain.", {"ESP>URY warship"}),
    ("President Kim Nam-su of North Korea sent rockets to Russia.", {"PRK>RUS ammunition"}),
    ("Saab delivered Gripen fighters to Brazil.", {"saab>BRA combat_aircraft"}),
    ("Hanwha Aerospace will deliver 24 K9 howitzers to Romania.", {"hanwha-aerospace>ROU artillery"}),
    ("Morocco has ordered 24 Apache helicopters from Boeing.", {"boeing>MAR helicopter"}),
    ("Romania signed a contract with General Dynamics for 54 Abrams tanks.", {"general-dynamics>ROU battle_tank"}),
    ("NATO gave Ukraine hundreds of anti-drone systems.", {"nato>UKR air_defence"}),
    ("Turkey delivered drones to its partner Azerbaijan.", {"TUR>AZE uav"}),
    ("ITALY SENDS TANKS TO UKRAINE", {"ITA>UKR battle_tank"}),
    ("Turkiye sold drones to Côte d’Ivoire.", {"TUR>CIV uav"}),
    ("Senegal is to receive six patrol boats from France next year.", {"FRA>SEN warship"}),
    # What is asked for names the other side too.
    ("Ukraine asked Germany for Taurus missiles.", {"DEU>UKR missile"}),
    ("Poland asked South Korea for 200 howitzers.", {"KOR>POL artillery"}),
    ("Taiwan requested Patriot missiles from the United States.", {"USA>TWN air_defence"}),
    ("Spain asked the United States to sell it Patriot missiles.", {"USA>ESP air_defence"}),
    ("Ukraine urged Australia to send Abrams tanks.", {"AUS>UKR battle_tank"}),
]


@pytest.mark.parametrize(("text", "expected"), CONSTRUCTIONS)
def test_parties_and_category(text: str, expected: set[str]) -> None:
    assert parties(text) == expected


# Text, headline, transfers.
ACROSS_SENTENCES = [
    ("Germany and Ukraine met on Monday. Berlin will send its partner 20 tanks.", None, {"DEU>UKR battle_tank"}),
    ("Iran and Russia are close. Tehran sent 400 missiles to its ally.", None, {"IRN>RUS missile"}),
    ("Hungary bought four radars. The radars were supplied by Germany.", None, {"DEU>HUN sensor"}),
    (
        "Norway received 54 tanks from Germany. The tanks were delivered by rail.",
        None,
        {"DEU>NOR battle_tank"},
    ),
    ("WARSAW (Agency) - The government will send 60 tanks to Ukraine.", None, {"POL>UKR battle_tank"}),
    ("Estonia received eight howitzers on Friday.", "Sweden sends howitzers to Estonia", {"SWE>EST artillery"}),
    ("Norway is generous. It sent 22 howitzers to Ukraine.", None, {"NOR>UKR artillery"}),
    (
        "France will supply Armenia with radars. The package also includes 50 armoured vehicles.",
        None,
        {"FRA>ARM sensor", "FRA>ARM armoured_vehicle"},
    ),
    ("Saudi Arabia met Germany on Monday. The kingdom will buy five frigates from Berlin.", None, {"DEU>SAU warship"}),
    ("Ukraine thanked Norway. It has received 22 howitzers from the Nordic country.", None, {"NOR>UKR artillery"}),
    (
        'Polish defence minister Jan Nowak spoke on Monday. "We will send 20 tanks to Ukraine," he said.',
        None,
        {"POL>UKR battle_tank"},
    ),
    (
        "North Korea met Russia. The two countries denied arms transfers. Pyongyang has shipped shells to Moscow.",
        None,
        {"PRK>RUS unspecified", "PRK>RUS ammunition"},
    ),
]


@pytest.mark.parametrize(("text", "title", "expected"), ACROSS_SENTENCES)
def test_parties_from_elsewhere_in_the_document(text: str, title: str | None, expected: set[str]) -> None:
    assert parties(text, title=title) == expected


@pytest.mark.parametrize(
    ("text", "weapon"),
    [
        ("South Korea has supplied the Philippines with FA-50 jets.", "FA-50"),
        ("Britain gave Ukraine 14 Challenger 2 tanks.", "Challenger 2"),
        ("Last year Turkey sold 20 Bayraktar TB2 drones to Ethiopia.", "Bayraktar TB2"),
        ("The United States sent Ukraine Stingers.", "Stinger"),
        ("Iran sold Shahed 136 drones to Sudan.", "Shahed-136"),
        ("Norway sent tanks to Ukraine.", None),
    ],
)
def test_weapon(text: str, weapon: str | None) -> None:
    assert told(text, "weapon") == {weapon}


STATUSES = [
    ("Spain sent tanks to Ukraine.", "delivered", "CT+"),
    ("Spain is sending tanks to Ukraine.", "delivered", "CT+"),
    ("Spain agreed to send tanks to Ukraine.", "planned", "CT+"),
    ("Spain will send tanks to Ukraine.", "planned", "CT+"),
    ("Spain plans to send tanks to Ukraine.", "planned", "CT+"),
    ("Spain will not send tanks to Ukraine.", "planned", "CT-"),
    ("Spain denied sending tanks to Ukraine.", "delivered", "CT-"),
    ("Spain has not sent tanks to Ukraine.", "delivered", "CT-"),
    ("Spain may have sent tanks to Ukraine.", "delivered", "PS+"),
    ("Spain is believed to have sent tanks to Ukraine.", "delivered", "PR+"),
    ("It is not clear whether Spain sent tanks to Ukraine.", "delivered", "Uu"),
    ("Spain refused to send tanks to Ukraine.", "cancelled", "CT+"),
    ("Austria blocked the sale of tanks to Algeria.", "cancelled", "CT+"),
    ("Israel cancelled the sale of drones to Morocco.", "cancelled", "CT+"),
    ("The sale of drones to Morocco was cancelled by Israel.", "cancelled", "CT+"),
    ("Peru scrapped plans to buy Gripen jets from Sweden.", "cancelled", "CT+"),
    ("The United States approved the sale of 40 F-16 fighter jets to Turkey.", "approved", "CT+"),
    ("The sale of 24 Rafale jets to Indonesia was approved by the French government.", "approved", "CT+"),
    ("Berlin lifted its ban on arms exports to Saudi Arabia.", "approved", "CT+"),
    ("Canada suspended arms exports to Turkey.", "suspended", "CT+"),
    ("Norway halted arms sales to Israel.", "suspended", "CT+"),
    ("The shipment of 300 missiles from Iran to the Houthis was seized by the US Navy.", "seized", "CT+"),
    ("Taiwan requested Patriot missiles from the United States.", "requested", "CT+"),
    ("Israel offered Iron Dome batteries to Cyprus.", "offered", "CT+"),
    ("Morocco is in talks to buy tanks from Israel.", "negotiated", "CT+"),
    ("South Korea is negotiating the sale of 180 tanks to Poland.", "negotiated", "CT+"),
    ("Romania signed a contract for 54 Abrams tanks with the United States.", "ordered", "CT+"),
    ("Egypt ordered 30 Rafale jets from France.", "ordered", "CT+"),
    ("Chile chose Turkish drones.", "ordered", "CT+"),
]


@pytest.mark.parametrize(("text", "status", "factuality"), STATUSES)
def test_status_and_factuality(text: str, status: str, factuality: str) -> None:
    assert told(text, "status", "factuality") == {(status, factuality)}


INFERRED = [
    ("North Korean missiles were used by Russia against Kharkiv.", "PRK>RUS missile"),
    ("Russian troops fired Iranian-made Shahed-136 drones at Odesa.", "IRN>RUS uav"),
    ("Hezbollah used Russian Kornet missiles against Israel.", "RUS>hezbollah anti_tank"),
    ("Venezuela operates Russian Su-30 fighters.", "RUS>VEN combat_aircraft"),
    ("Iranian drones launched by Russia hit Odesa.", "IRN>RUS uav"),
]


@pytest.mark.parametrize(("text", "expected"), INFERRED)
def test_use_of_what_another_made_tells_of_a_delivery(text: str, expected: str) -> None:
    assert parties(text) == {expected}
    assert told(text, "basis", "status", "date_start") == {("inferred", "delivered", None)}


ROLES = [
    ("Libya received Chinese drones through Jordan.", ("JOR", None, None)),
    ("Weapons from Bulgaria reached Sudan via the United Arab Emirates.", ("ARE", None, None)),
    ("Bosnia shipped 5,000 rifles to Ukraine via Poland.", ("POL", None, None)),
    ("Germany allowed Estonia to send German howitzers to Ukraine.", (None, None, "DEU")),
    ("Switzerland approved the re-export of ammunition from Spain to Ukraine.", (None, None, "CHE")),
]


@pytest.mark.parametrize(("text", "expected"), ROLES)
def test_others_who_have_a_part_in_it(text: str, expected: tuple[str | None, ...]) -> None:
    assert told(text, "intermediary_ids", "origin_id", "approved_by_id") == {expected}


QUANTITIES = [
    ("Spain sent twelve tanks to Ukraine.", 12, 12, "tank"),
    ("Spain sent a tank to Ukraine.", 1, 1, "tank"),
    ("Spain sent about 100 tanks to Ukraine.", 100, 100, "tank"),
    ("Spain sent at least 20 tanks to Ukraine.", 20, None, "tank"),
    ("Spain sent over 11,000 rifles to Ukraine.", 11_000, None, "rifle"),
    ("Spain sent up to 50 tanks to Ukraine.", None, 50, "tank"),
    ("Spain sent 10 to 15 tanks to Ukraine.", 10, 15, "tank"),
    ("Spain sent 10-15 tanks to Ukraine.", 10, 15, "tank"),
    ("Spain sent dozens of tanks to Ukraine.", 24, 99, "tank"),
    ("Spain sent two dozen tanks to Ukraine.", 24, 24, "tank"),
    ("Spain sent thousands of rifles to Ukraine.", 2000, 9999, "rifle"),
    ("Spain sent half a million artillery shells to Ukraine.", 500_000, 500_000, "shell"),
    ("Spain sent 40 tonnes of ammunition to Ukraine.", 40, 40, "tonne"),
    ("Spain sent 3,000 containers of munitions to Ukraine.", 3000, 3000, "container"),
    ("Spain sent two batteries of Patriot missiles to Ukraine.", 2, 2, "battery"),
    ("Spain sent 6 155-mm howitzers to Ukraine.", 6, 6, "howitzer"),
    ("Spain sent 20 Bayraktar TB2 drones to Ukraine.", 20, 20, "drone"),
    ("Spain sent several tanks to Ukraine.", None, None, None),
    ("Spain sent tanks to Ukraine.", None, None, None),
]


@pytest.mark.parametrize(("text", "low", "high", "unit"), QUANTITIES)
def test_quantity(text: str, low: float | None, high: float | None, unit: str | None) -> None:
    assert told(text, "quantity_low", "quantity_high", "quantity_unit") == {(low, high, unit)}


def test_one_number_for_several_items_stands_on_each() -> None:
    text = "Spain sent hundreds of tanks and howitzers to Ukraine."
    assert told(text, "category", "quantity_low") == {("battle_tank", 200), ("artillery", 200)}


def test_numbers_stay_with_their_items() -> None:
    text = "Germany and Poland will send 10 tanks and 4 howitzers to Ukraine."
    assert told(text, "category", "quantity_high") == {("battle_tank", 10), ("artillery", 4)}


VALUES = [
    ("The United States pledged $400 million in military aid to Ukraine.", 400e6, "USD"),
    ("Spain sent military aid worth €300 million to Ukraine.", 300e6, "EUR"),
    ("Croatia sold 14 helicopters to Ukraine for 20 million euros.", 20e6, "EUR"),
    ("Japan will supply the Philippines with a radar worth $5 million.", 5e6, "USD"),
    ("The $90 million sale of tanks by Spain to Chile was approved.", 90e6, "USD"),
    ("Spain sold Chile weapons valued at £1.5bn.", 1.5e9, "GBP"),
    ("Spain sent tanks to Ukraine.", None, None),
]


@pytest.mark.parametrize(("text", "amount", "currency"), VALUES)
def test_value(text: str, amount: float | None, currency: str | None) -> None:
    assert told(text, "value_amount", "value_currency") == {(amount, currency)}


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


# Published on Wednesday, 11 June 2025.
DATES = [
    ("On 5 June 2025 Spain sent tanks to Ukraine.", "2025-06-05", "2025-06-05", "day"),
    ("Spain sent tanks to Ukraine on Monday.", "2025-06-09", "2025-06-09", "day"),
    ("Spain sent tanks to Ukraine yesterday.", "2025-06-10", "2025-06-10", "day"),
    ("Spain sent tanks to Ukraine last month.", "2025-05-01", "2025-05-31", "month"),
    ("Spain sent tanks to Ukraine last fall.", "2024-09-01", "2024-11-30", "season"),
    ("Last year Spain sent tanks to Ukraine.", "2024-01-01", "2024-12-31", "year"),
    ("Spain has sent tanks to Ukraine since 2022.", "2022-01-01", None, "year"),
    ("Spain will send tanks to Ukraine as early as next month.", "2025-07-01", None, "month"),
    ("Italy plans to deliver two frigates to Egypt by the end of 2027.", None, "2027-12-31", "year"),
    ("Spain will send tanks to Ukraine from the early 2030s.", "2030-01-01", None, "span"),
    ("Spain will send tanks to Ukraine in the coming weeks.", None, None, None),
    # The day of an announcement, an agreement or an approval is not that of the delivery.
    ("Spain said on Monday it would send tanks to Ukraine.", None, None, None),
    ("Spain agreed on Monday to send tanks to Ukraine.", None, None, None),
    ("Spain approved the sale of tanks to Chile on Monday.", None, None, None),
    # That of a halt is the day of the event.
    ("Spain halted arms sales to Chile on Monday.", "2025-06-09", "2025-06-09", "day"),
]


@pytest.mark.parametrize(("text", "start", "end", "precision"), DATES)
def test_date(text: str, start: str | None, end: str | None, precision: str | None) -> None:
    assert told(text, "date_start", "date_end", "date_precision") == {(day(start), day(end), precision)}


@pytest.mark.parametrize("text", ["Spain sent tanks to Ukraine on Monday.", "Spain sent tanks to Ukraine last month."])
def test_an_undated_text_leaves_relative_dates_open(text: str) -> None:
    assert told(text, "date_start", "date_end", published_on=None) == {(None, None)}


ATTRIBUTIONS = [
    ("Reuters reported that Iran had shipped ballistic missiles to Russia.", "reuters"),
    ("According to a leaked document, Egypt planned to send 40,000 rockets to Russia.", "leaked document"),
    ("US officials believe that Iran has transferred missiles to Russia.", "US officials"),
    ("Cyprus may send tanks to Ukraine, a newspaper reported.", "newspaper"),
    (
        "A South Korean official told Yonhap that North Korea had sent 3,000 containers of ammunition to Russia.",
        "yonhap > South Korean official",
    ),
    ("Kyiv said it received ten helicopters from the Czech Republic.", "UKR"),
    ("Spain sent tanks to Ukraine.", None),
    # By its own act.
    ("Germany announced that it will send 18 howitzers to Ukraine.", None),
    ("Spain said on Monday it would send tanks to Ukraine.", None),
]


@pytest.mark.parametrize(("text", "attribution"), ATTRIBUTIONS)
def test_attribution(text: str, attribution: str | None) -> None:
    assert told(text, "attribution") == {attribution}


NOTHING_MOVES = [
    # Supply and delivery in another sense.
    "The president of Turkey delivered a speech to parliament about missiles.",
    "The war has cut supply lines between Poland and Ukraine, and tanks stand idle.",
    "The minister handed over power to his successor, a former army general.",
    "Boeing sold its stake in a Brazilian company.",
    "Germany supplies gas to Austria.",
    "Germany delivered food and medicine to Sudan.",
    "Norway gave Pakistan 20 million dollars for schools.",
    "The airline took delivery of four Boeing passenger jets in Dubai.",
    # Attacks and what is shot down.
    "Russia fired 40 missiles at Kyiv.",
    "Ukraine shot down 30 Iranian drones over Odesa.",
    "Russian missiles hit a power plant in Ukraine.",
    "Israeli jets struck Hezbollah rocket launchers in Lebanon.",
    # Troops, training, exercises.
    "The United States deployed two destroyers to the Red Sea.",
    "Poland will send 200 soldiers to Latvia.",
    "British instructors train Ukrainian tank crews in England.",
    "The United States and Japan held exercises with 40 aircraft.",
    # At home.
    "India ordered 200 howitzers from its state-owned gun factory.",
    "The Indian army bought 200 tanks from an Indian firm.",
    "Ukraine issued 5,000 rifles to its territorial brigades.",
    "China has built three aircraft carriers.",
    "Japan's parliament approved a budget for new missiles.",
    # Captured, left behind, found.
    "Ukrainian soldiers captured four Russian tanks near Kharkiv.",
    "The Taliban inherited American helicopters left behind in Kabul.",
    "Police in Canada seized 12 rifles from a house.",
    # Words that only look like arms.
    "A London think tank said Russia has lost 3,000 tanks.",
    "The car has a fuel tank of 60 litres and is sold in Germany.",
    "The Houston Rockets sent two players to Toronto.",
    "Arsenal bought a striker from Spain for 40 million euros.",
    "The striker launched a rocket from 30 metres to beat Portugal.",
    "The tanker sailed from Kuwait to Japan with crude oil.",
    "The Jaguar was sold to a buyer in Switzerland.",
    # Talk.
    "France and Germany signed a treaty on nuclear weapons.",
    "The United States sent a delegation to Turkey to discuss fighter jets.",
    "Iran test-fired a ballistic missile on Friday.",
    "Chile held a parade with 30 tanks.",
]


@pytest.mark.parametrize("text", NOTHING_MOVES)
def test_no_transfer(text: str) -> None:
    assert extract(text).transfer_claims == []


def test_marks_show_where_each_field_stands() -> None:
    text = "Reuters reported that Iran had shipped 20 missiles to Russia through Jordan in May 2024."
    (claim,) = extract(text).transfer_claims
    marked = {}
    for mark in claim.evidence_marks.split(";"):
        name, _, span = mark.partition("=")
        start, end = map(int, span.split(":"))
        marked[name] = text[start:end]
    expected = {
        "attribution": "Reuters",
        "supplier": "Iran",
        "status": "shipped",
        "quantity": "20",
        "materiel": "missiles",
        "recipient": "Russia",
        "intermediary": "Jordan",
        "date": "in May 2024",
    }
    assert marked == expected


def test_a_plan_and_its_delivery_are_two_claims() -> None:
    text = "In May Slovenia planned to send 28 tanks to Ukraine. On 3 June 2025 Slovenia delivered 28 tanks to Ukraine."
    assert told(text, "status", "date_start") == {("planned", None), ("delivered", date(2025, 6, 3))}


@pytest.mark.parametrize(
    ("text", "published_on", "expected"),
    [
        ("Moscow sold 24 fighter jets to Cuba, a trade paper said.", "1984-06-01", ("SUN", "CUB")),
        ("Moscow sold 24 fighter jets to Cuba, a trade paper said.", "2004-06-01", ("RUS", "CUB")),
        ("Prague delivered 40 tanks to Mali.", "1988-06-01", ("CSK", "MLI")),
        ("PANAMA CITY - Nicaragua denied that the Soviet Union had sent MiG-21s.", "1984-06-01", ("SUN", "NIC")),
        ("DAKAR, 3 February 2025 - Turkey supplied Mali with tanks.", "2025-02-03", ("TUR", "MLI")),
        ("Poland sent F-16 jets made in the United States to Ukraine.", "2025-02-03", ("POL", "UKR")),
    ],
)
def test_who_a_name_stands_for_here(text: str, published_on: str, expected: tuple[str, str]) -> None:
    """By the day of the text, the dateline, and whose denial or origin it is."""
    assert told(text, "supplier_id", "recipient_id", published_on=published_on) == {expected}


def test_enemies_do_not_arm_each_other_by_a_pronoun() -> None:
    """'We' of a document that names Russia most often is not Russia's where the document tells of its attack."""
    text = (
        "Russia invaded Ukraine. Russia attacked Ukrainian cities. Russia has lost many tanks. "
        "We will continue to provide weapons to Ukraine."
    )
    assert ("RUS", "UKR") not in told(text, "supplier_id", "recipient_id")
