"""The SQL models, row by row, over small lakes made by hand."""

from __future__ import annotations

import fcntl
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from small_lake import VERSION, Rows, write_claims, write_lake, write_seeds

from flows.lake import Lake
from flows.model import ModelError, build_lock, build_models, database_path
from flows.reference import load_agencies
from transforms.rows import Document, Reject
from transforms.wire import wire_agency


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake folder that tests fill anew, each with its own rows; dbt's parse is kept. Its name needs quoting."""
    return tmp_path_factory.mktemp("it's a {{ lake }}, \u00e9")


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_seeds(tmp_path_factory.mktemp("seeds"))


def build(lake: Lake, seeds: Path) -> dict[str, Any]:
    return build_models(lake.root, VERSION, VERSION, seeds)


def table(lake: Lake, query: str) -> list[tuple]:
    with duckdb.connect(str(database_path(lake)), read_only=True) as connection:
        return connection.execute(query).fetchall()


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.fixture(scope="module")
def story() -> Rows:
    """A few documents that show every rule of the models once."""
    rows = Rows()

    # The same text at four places: two of the first day, one later, one undated.
    text = "North Korea sent KN-23 missiles to Russia."
    rows.document(text, "https://c.example/undated", outlet="C")
    later = rows.document(text, "https://b.example/later", "2024-05-02", outlet="B")
    first = rows.document(text, "https://www.a.example/first", "2024-05-01")
    rows.document(text, "https://z.example/first", "2024-05-01", outlet="Z")
    rows.transfer(first, "PRK", "RUS", weapon="KN-23", quantity_low=20.0, quantity_unit="missile")
    rows.transfer(later, "PRK", "RUS", weapon="KN-23", materiel="never shown")

    # Another outlet prints the sentence within its own text, and adds one without a weapon.
    reprint = rows.document(
        "Breaking: 'North Korea sent KN-23 missiles to Russia'. The missiles may number 50, said a 😀 official.",
        "https://d.example/1",
        "2024-05-03",
        outlet="Daily D",
    )
    rows.transfer(
        reprint, "PRK", "RUS", "'North Korea sent KN-23 missiles to Russia'.", weapon="KN-23", materiel="missiles"
    )
    rows.transfer(
        reprint,
        "PRK",
        "RUS",
        "The missiles may number 50, said a 😀 official.",
        quantity_low=50.0,
        quantity_high=50.0,
        quantity_unit="missile",
        factuality="PS+",
        attribution="😀 official",
        evidence_marks="materiel=51:59",
    )
    # A denial, through a news outlet.
    denial = rows.document("Russia denied that, TV Chosun said.", "file.txt", "2024-05-04", outlet="Daily D")
    rows.transfer(denial, "PRK", "RUS", factuality="CT-", status="planned", attribution="tv-chosun > RUS")
    rows.relation(denial, "RUS", "reject", "PRK", attribution="tv-chosun")
    rows.relation(denial, "RUS", "accuse", "UKR", factuality="CT-")

    # Two weapons in one group of parties: the claim that names none stays by itself.
    two = rows.document("Iran to give KN-23, KN-24 and other missiles to Russia.", "two.txt", "2024-06-01")
    rows.transfer(two, "IRN", "RUS", weapon="KN-23", status="planned", date_start=day("2024-07-01"))
    rows.transfer(two, "IRN", "RUS", weapon="KN-24", status="planned", date_end=day("2024-05-31"))
    rows.transfer(two, "IRN", "RUS", weapon="KN-24", status="planned", date_start=day("2024-09-01"))
    rows.transfer(two, "IRN", "RUS", status="planned")

    # Variants count as their family; a company stays a company; brokers are put together.
    jets = {"category": "combat_aircraft", "materiel": "jets"}
    fighters = rows.document("Lockheed Martin sells F-16C jets to Ukraine for $5 million.", "jets.txt", "2024-06-02")
    rows.transfer(
        fighters,
        "lockheed-martin",
        "UKR",
        weapon="F-16C",
        status="ordered",
        intermediary_ids="poland;abu-dhabi-brokers",
        value_amount=5e6,
        value_currency="USD",
        **jets,
    )
    rows.transfer(
        fighters, "lockheed-martin", "UKR", weapon="F-16", status="offered", intermediary_ids="poland", **jets
    )
    rows.mention(fighters, "abu-dhabi-brokers", "Abu Dhabi Brokers", "company", "ARE")
    rows.affiliation(fighters, "jane-doe", "Jane Doe", "spokeswoman", "lockheed-martin")
    rows.mention(fighters, "jane-doe", "Jane Doe", "person", "USA")

    # Suspended after it was planned; ordered again after it was cancelled; delivered before it was suspended.
    stops = [
        ("sensor", [("planned", "2024-01-01"), ("suspended", "2024-02-01")]),
        ("uav", [("cancelled", "2024-01-01"), ("ordered", "2024-02-01")]),
        ("vehicle", [("delivered", "2024-01-01"), ("suspended", "2024-02-01")]),
        ("warship", [("ordered", "2024-01-01"), ("suspended", "2024-01-01"), ("cancelled", "2024-01-01")]),
        ("helicopter", [("in_transit", None), ("seized", "2024-02-01")]),
    ]
    for category, events in stops:
        for status, on in events:
            event = rows.document(f"{category} {status}", f"{category}/{status}", on)
            rows.transfer(event, "USA", "UKR", category=category, status=status)

    # Only supposed; only denied; no party at all.
    last = rows.document(
        "If the US sent drones. No shells were sent. Arms were sent.", "last.txt", outlet="Reuters News"
    )
    rows.transfer(last, "USA", None, "If the US sent drones.", category="artillery", factuality="Uu")
    rows.transfer(last, None, "UKR", "No shells were sent.", category="ammunition", factuality="PR-")
    rows.transfer(last, None, "UKR", "No shells were sent.", category="ammunition", factuality="CT-", basis="inferred")
    rows.transfer(last, None, None, "Arms were sent.", category="unspecified")

    rows.rejects.append(Reject("gone.txt", "read", "empty", "Nothing in it."))
    rows.rejects.append(Reject("last.txt", "fetch", "timeout", "Too slow."))
    return rows


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, seeds: Path, story: Rows) -> Lake:
    """The tables of the story; tests only read them."""
    lake = write_lake(tmp_path_factory.mktemp("built"), story)
    # A second batch with the same members, as two runs that raced would leave it, and what a killed one would.
    write_claims(lake, "again", story, story.documents)
    write_claims(lake, ".tmp.1.0.again", story, story.documents)
    write_claims(lake, "old", story, story.documents, version="older-version")
    build(lake, seeds)
    return lake


def replace_rows(rows: Rows) -> Rows:
    """A copy whose lists can be added to."""
    return Rows(**{field.name: list(getattr(rows, field.name)) for field in fields(rows)})


def transfer(lake: Lake, columns: str, where: str) -> tuple:
    rows = table(lake, f"select {columns} from transfers where {where}")
    assert len(rows) == 1, rows
    return rows[0]


def test_representative_is_the_earliest_then_the_first_uri(built: Lake) -> None:
    columns = "source_uri, published_on, n_sightings, n_sentences"
    rows = table(built, f"select {columns} from documents where text like 'North Korea sent KN-23%'")
    assert rows == [("https://www.a.example/first", day("2024-05-01"), 4, 1)]
    assert table(built, "select count(*) from transfer_claims where materiel = 'never shown'") == [(0,)]
    seen = table(
        built,
        "select s.source_uri, s.outlet, s.published_on from document_sightings as s join documents using (document_id) "
        "where text like 'North Korea sent KN-23%' order by 1",
    )
    assert [uri for uri, _, _ in seen] == [
        "https://b.example/later",
        "https://c.example/undated",
        "https://www.a.example/first",
        "https://z.example/first",
    ]
    assert seen[1] == ("https://c.example/undated", "C", None)


def test_claims_that_two_batches_hold_count_once(built: Lake, story: Rows) -> None:
    shown = {claim.claim_id for claim in story.transfer_claims if claim.materiel != "never shown"}
    assert {claim for (claim,) in table(built, "select claim_id from transfer_claims")} == shown
    assert table(built, "select count(*) from transfer_claims") == [(len(shown),)]


def test_claims_with_the_same_parties_and_category_make_one_transfer(built: Lake) -> None:
    columns = "weapon, status, quantity_low, quantity_high, quantity_unit, factuality, materiel"
    assert transfer(built, columns, "supplier_id = 'PRK'") == (
        "KN-23", "delivered", 20.0, 50.0, "missile", "CT+", "missiles",
    )  # fmt: skip
    columns = "n_claims, n_denials, n_documents, first_reported_on, last_reported_on"
    assert transfer(built, columns, "supplier_id = 'PRK'") == (4, 1, 3, day("2024-05-01"), day("2024-05-04"))


def test_a_reprinted_sentence_is_no_new_source(built: Lake) -> None:
    # The first report counts as a.example, its reprint as the same; what Daily D adds is its own.
    assert transfer(built, "n_sources", "supplier_id = 'PRK'") == (2,)
    sources = dict(table(built, "select named_source, independent_source from int_claim_sources"))
    assert sources["a.example"] == "a.example"
    assert sources["tv-chosun"] == "tv-chosun"
    assert sources["reuters"] == "reuters"
    own = table(built, "select named_source, independent_source from int_claim_sources where named_source = 'daily-d'")
    assert sorted(own) == [("daily-d", "a.example"), ("daily-d", "daily-d"), ("daily-d", "daily-d")]


def test_a_claim_without_a_weapon_joins_one_weapon_but_not_two(built: Lake) -> None:
    rows = table(built, "select weapon, n_claims from transfers where supplier_id = 'IRN' order by 1 nulls last")
    assert rows == [("KN-23", 1), ("KN-24", 2), (None, 1)]


def test_open_ends_stay_open_and_ranges_hold_every_date(built: Lake) -> None:
    assert transfer(built, "date_start, date_end", "supplier_id = 'IRN' and weapon = 'KN-23'") == (
        day("2024-07-01"),
        None,
    )
    assert transfer(built, "date_start, date_end", "supplier_id = 'IRN' and weapon = 'KN-24'") == (
        day("2024-05-31"),
        day("2024-09-01"),
    )


def test_variants_count_as_their_family(built: Lake) -> None:
    columns = "weapon, status, intermediary_ids, value_amount, value_currency, n_claims"
    assert transfer(built, columns, "supplier_id = 'lockheed-martin'") == (
        "F-16", "ordered", "abu-dhabi-brokers;poland", 5e6, "USD", 2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("category", "status"),
    [
        ("sensor", "suspended"),
        ("uav", "ordered"),
        ("vehicle", "delivered"),
        ("warship", "cancelled"),
        ("helicopter", "seized"),
    ],
)
def test_a_stop_shows_where_it_is_the_last_report_and_nothing_was_delivered(
    built: Lake, category: str, status: str
) -> None:
    assert transfer(built, "status", f"category = '{category}'") == (status,)


def test_suppositions_and_denials_count_only_where_nothing_is_asserted(built: Lake) -> None:
    columns = "supplier_id, recipient_id, status, factuality, n_claims, n_sources, n_denials"
    assert transfer(built, columns, "category = 'artillery'") == ("USA", None, "delivered", "Uu", 1, 1, 0)
    assert transfer(built, columns, "category = 'ammunition'") == (None, "UKR", "delivered", "CT-", 2, 1, 2)


def test_a_claim_without_a_party_makes_no_transfer(built: Lake) -> None:
    unlinked = table(built, "select evidence from transfer_claims anti join transfer_claim_links using (claim_id)")
    assert unlinked == [("Arms were sent.",)]


def test_a_claim_of_low_confidence_stays_a_claim_and_makes_no_transfer(root: Path, seeds: Path) -> None:
    rows = Rows()
    text = rows.document("Iran sent KN-23s to Russia. North Korea sent jets.", "sure.txt", "2024-01-01")
    rows.transfer(text, "IRN", "RUS", weapon="KN-23", confidence=0.4)
    rows.transfer(text, "IRN", "RUS", confidence=0.9)
    # Neither its weapon nor its number counts; else the claim without a weapon would stay by itself.
    rows.transfer(text, "IRN", "RUS", weapon="KN-24", quantity_low=20.0, confidence=0.3999)
    rows.transfer(text, "PRK", None, category="combat_aircraft", confidence=0.2)
    rows.transfer(text, "PRK", None, category="uav")
    lake = write_lake(root, rows)
    build(lake, seeds)
    claims = table(lake, "select confidence from transfer_claims order by 1 nulls last")
    assert claims == [(0.2,), (0.3999,), (0.4,), (0.9,), (None,)]
    linked = table(
        lake, "select confidence from transfer_claims semi join transfer_claim_links using (claim_id) order by 1"
    )
    assert linked == [(0.4,), (0.9,), (None,)]
    columns = "supplier_id, category, weapon, quantity_low, n_claims, confidence"
    assert table(lake, f"select {columns} from transfers order by supplier_id") == [
        ("IRN", "missile", "KN-23", None, 2, 0.9),
        ("PRK", "uav", None, None, 1, None),
    ]
    # Whom a claim names is an actor, whether or not the claim counts.
    assert table(lake, "select n_claims from actors where actor_id = 'PRK'") == [(2,)]


def test_later_claims_change_no_transfer_id(built: Lake, root: Path, seeds: Path, story: Rows) -> None:
    before = dict(table(built, "select claim_id, transfer_id from transfer_claim_links"))
    more = replace_rows(story)
    later = more.document("Iran, too, sent KN-23 missiles. North Korea sent more.", "later", "2024-12-01")
    more.transfer(later, "IRN", "RUS", weapon="KN-23", status="planned")
    more.transfer(later, "PRK", "RUS", weapon="KN-23")
    more.transfer(later, "USA", "POL", weapon="F-16", category="combat_aircraft")
    lake = write_lake(root, more)
    build(lake, seeds)
    after = dict(table(lake, "select claim_id, transfer_id from transfer_claim_links"))
    assert {claim: after[claim] for claim in before} == before
    assert len(set(after.values()) - set(before.values())) == 1


def test_actors_are_those_referred_to(built: Lake) -> None:
    actors = {row[0]: row[1:] for row in table(built, "select actor_id, name, kind, country, n_claims from actors")}
    assert actors["PRK"] == ("North Korea", "state", "PRK", 5)
    assert actors["abu-dhabi-brokers"] == ("Abu Dhabi Brokers", "company", "ARE", 1)
    assert actors["tv-chosun"] == ("TV Chosun", "media", "KOR", 2)
    assert actors["jane-doe"] == ("Jane Doe", "person", "USA", 0)
    # Neither in the reference table nor described by a document.
    assert actors["poland"] == ("poland", "other", None, 2)
    assert "😀 official" not in actors
    assert "reuters" not in actors
    seen = table(built, "select first_seen_on, last_seen_on from actors where actor_id = 'PRK'")
    assert seen == [(day("2024-05-01"), day("2024-05-04"))]


def test_relations_are_counted_per_pair(built: Lake) -> None:
    columns = "subject_id, relation, object_id, n_claims, n_sources, n_denials, first_reported_on, last_reported_on"
    assert table(built, f"select {columns} from actor_relations order by relation") == [
        ("RUS", "accuse", "UKR", 1, 1, 1, day("2024-05-04"), day("2024-05-04")),
        ("RUS", "reject", "PRK", 1, 1, 0, day("2024-05-04"), day("2024-05-04")),
    ]


def test_rejects_tell_whether_the_source_was_read_after_all(built: Lake) -> None:
    assert table(built, "select source_uri, reason, has_document from rejects order by 1") == [
        ("gone.txt", "empty", False),
        ("last.txt", "timeout", True),
    ]


def test_a_described_source_is_no_actor_that_has_its_words_as_id(root: Path, seeds: Path) -> None:
    rows = Rows()
    for number, (words, uri) in enumerate((("monitor", "one.txt"), ("monitor", "two.txt"), ("Monitor", "three.txt"))):
        text = f"Iran sent {number + 2} drones to Russia, the {words} said."
        start = text.index(words)
        marks = f"attribution={start}:{start + len(words)};supplier=0:4"
        rows.transfer(rows.document(text, uri), "IRN", "RUS", attribution="monitor", evidence_marks=marks)
    lake = write_lake(root, rows)
    build(lake, seeds)
    assert transfer(lake, "n_claims, n_sources", "true") == (3, 3)
    assert table(lake, "select n_claims from actors where actor_id = 'monitor'") == [(1,)]


@pytest.mark.parametrize(
    ("starts", "n_sources"),
    [
        (("WASHINGTON, June 18 (Reuters) - ", "KYIV/BERLIN  (Reuters) – "), 1),
        (("(Reuters News) - ", "LONDON (Reuters) \u2014 "), 1),
        (("OSLO (Fjord Wire) - ", "(Fjord Wire) - "), 1),
        (("WASHINGTON (Reuters) - ", "WASHINGTON - "), 2),
        (("Mali's army (FAMa) - that is known - said: ", "The army (FAMa) - that is known - said: "), 2),
    ],
)
def test_what_papers_take_from_one_agency_is_one_source(
    root: Path, seeds: Path, starts: tuple[str, str], n_sources: int
) -> None:
    rows = Rows()
    for number, start in enumerate(starts):
        text = f"{start}Iran sent {number + 2} drones to Russia."
        wire = wire_agency(text, None, load_agencies())
        document = rows.document(text, f"https://{number}.example/a", wire=wire)
        rows.transfer(document, "IRN", "RUS")
    lake = write_lake(root, rows)
    build(lake, seeds)
    assert transfer(lake, "n_sources", "true") == (n_sources,)


def _forty_papers(rows: Rows, sentence: str = "Iran sent {} drones to Russia.") -> list[Document]:
    """Texts of one agency's story: each paper has put the sentence in its own words, so that no wording is the same."""
    return [
        rows.document(
            f"{place} - {sentence.format(number)}", f"https://paper-{number}.example/a", f"2024-05-{day:02}", wire=wire
        )
        for number, place, day, wire in ((2, "KYIV", 3, "fjord-wire"), (3, "Our town", 2, None), (4, "Report", 4, None))
    ]


def test_a_story_in_many_papers_is_the_voice_of_its_agency(root: Path, seeds: Path) -> None:
    rows = Rows()
    papers = _forty_papers(rows)
    rows.story(papers[1], papers[0], papers[2])
    for paper in papers:
        rows.transfer(paper, "IRN", "RUS")
    # What a paper adds to the agency's text counts as the agency's, but not what it takes from another outlet.
    rows.transfer(papers[1], "IRN", "RUS", "Our town", materiel="local lead")
    rows.transfer(papers[2], "IRN", "RUS", "Report", attribution="tv-chosun")
    alone = rows.document("Drones of Iran were seen in Russia.", "https://witness.example/a", "2024-05-05")
    rows.transfer(alone, "IRN", "RUS")
    lake = write_lake(root, rows)
    build(lake, seeds)
    assert transfer(lake, "n_claims, n_sources, n_documents", "true") == (6, 3, 4)
    voices = table(lake, "select distinct independent_source from int_claim_sources order by 1")
    assert voices == [("fjord-wire",), ("tv-chosun",), ("witness.example",)]
    own = table(lake, "select distinct named_source from int_claim_sources order by 1")
    assert own == [("fjord-wire",), ("paper-3.example",), ("paper-4.example",), ("tv-chosun",), ("witness.example",)]
    stories = table(lake, "select document_id, story_id, n_reprints from documents order by published_on")
    first = papers[1].document_id
    assert stories == [
        (papers[1].document_id, first, 2), (papers[0].document_id, first, 2), (papers[2].document_id, first, 2),
        (alone.document_id, alone.document_id, 0),
    ]  # fmt: skip


def test_a_story_without_an_agency_is_the_voice_of_the_first(root: Path, seeds: Path) -> None:
    rows = Rows()
    papers = _forty_papers(rows)[1:]
    undated = rows.document("Iran sent drones.", "undated.txt")
    rows.story(papers[0], papers[1], undated)
    for paper in (*papers, undated):
        rows.transfer(paper, "IRN", "RUS")
    lake = write_lake(root, rows)
    build(lake, seeds)
    assert table(lake, "select distinct independent_source from int_claim_sources") == [("paper-3.example",)]


def test_a_wording_that_another_story_had_first_is_that_storys(root: Path, seeds: Path) -> None:
    rows = Rows()
    papers = _forty_papers(rows)
    rows.story(papers[1], papers[0])
    quoted = rows.document(f"A look back. {papers[1].text}", "https://late.example/a", "2024-06-01")
    rows.transfer(papers[1], "IRN", "RUS")
    rows.transfer(quoted, "IRN", "RUS", papers[1].text)
    lake = write_lake(root, rows)
    build(lake, seeds)
    assert table(lake, "select distinct independent_source from int_claim_sources") == [("fjord-wire",)]


def test_a_story_whose_first_text_is_gone_goes_by_the_next(root: Path, seeds: Path) -> None:
    rows = Rows()
    papers = _forty_papers(rows)
    rows.story(papers[1], papers[0], papers[2])
    rows.documents.remove(papers[1])
    lake = write_lake(root, rows)
    build(lake, seeds)
    assert table(lake, "select distinct story_id, n_reprints from documents") == [(papers[0].document_id, 1)]


def test_an_empty_lake_gives_empty_tables(root: Path, seeds: Path) -> None:
    lake = write_lake(root, Rows())
    figures = build(lake, seeds)
    assert set(figures["tables"].values()) == {0}
    assert len(figures["tables"]) == 19


def test_a_lake_of_rejects_only(root: Path, seeds: Path) -> None:
    rows = Rows(rejects=[Reject("a.png", "read", "not_text", "An image.")] * 2)
    figures = build(write_lake(root, rows), seeds)
    assert figures["tables"]["rejects"] == 1
    assert figures["tables"]["documents"] == 0


def _one_claim() -> Rows:
    rows = Rows()
    text = rows.document("Iran sent e\u0301 😀 drones\r\nto Russia.", "a", "2024-01-01")
    rows.transfer(text, "IRN", "RUS", "😀 drones\r\nto", evidence_marks="materiel=11:17")
    return rows


def test_evidence_is_counted_in_code_points(root: Path, seeds: Path) -> None:
    assert build(write_lake(root, _one_claim()), seeds)["tables"]["transfer_claims"] == 1


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        ({"evidence_start": 12, "evidence_end": 24}, "evidence_in_text_transfer_claims_"),
        ({"evidence_marks": "materiel=11:1700"}, "marks_in_text_transfer_claims_evidence_marks"),
        ({"supplier_id": "RUS"}, "distinct_parties_transfer_claims"),
        ({"quantity_low": 2.0, "quantity_high": 1.0}, "in_order_transfer_claims_quantity"),
        ({"status": "sent"}, "transfer_claims_status_is_a_known_word"),
        ({"confidence": 1.5}, "is_probability_transfer_claims_confidence"),
    ],
)
def test_a_claim_that_breaks_a_rule_stops_the_build(root: Path, seeds: Path, fault: dict, test: str) -> None:
    rows = _one_claim()
    rows.transfer_claims = [replace(rows.transfer_claims[0], **fault)]
    lake = write_lake(root, rows)
    lake.build.mkdir(exist_ok=True)
    database_path(lake).write_bytes(b"the tables of the last good build")
    with pytest.raises(ModelError, match=f"data test `{test}") as caught:
        build(lake, seeds)
    assert "\n" not in str(caught.value)
    assert database_path(lake).read_bytes() == b"the tables of the last good build"


def test_a_missing_reference_table_is_named(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"actors\.csv: the reference table is missing"):
        build(write_lake(root, Rows()), tmp_path)


def test_a_broken_file_in_the_lake_is_named(root: Path, seeds: Path) -> None:
    lake = write_lake(root, _one_claim())
    broken = lake.documents / VERSION / "broken" / "documents.parquet"
    broken.parent.mkdir()
    broken.write_bytes(b"not parquet")
    with pytest.raises(ModelError, match=r"broken/documents\.parquet"):
        build(lake, seeds)


def test_building_twice_in_one_process_sees_the_new_rows(root: Path, seeds: Path, story: Rows) -> None:
    assert build(write_lake(root, _one_claim()), seeds)["tables"]["documents"] == 1
    assert build(write_lake(root, story), seeds)["tables"]["documents"] > 1


def test_a_parse_that_a_killed_run_cut_off_is_made_anew(root: Path, seeds: Path) -> None:
    lake = write_lake(root, _one_claim())
    build(lake, seeds)
    parse = lake.build / "dbt" / "partial_parse.msgpack"
    parse.write_bytes(parse.read_bytes()[:1000])
    assert build(lake, seeds)["tables"]["documents"] == 1


def test_a_second_build_waits_for_the_first(root: Path) -> None:
    lake = Lake(root)
    with build_lock(lake), pytest.raises(BlockingIOError), (lake.build / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
