"""Near-duplicates: signatures, the rule for one voice, the grouping, the labelled set, and the step over a lake."""

from __future__ import annotations

import csv
import hashlib
import json
import random
import runpy
from collections.abc import Sequence
from datetime import date
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from small_lake import VERSION, write_documents

from flows import near_duplicates
from flows.lake import Lake, LakeError, parquet_files, read_rows
from flows.near_duplicates import cluster_documents
from transforms.documents import make_document
from transforms.near_duplicates import (
    METHOD_VERSION,
    N_BANDS,
    REISSUED_AFTER_DAYS,
    Resemblance,
    Signature,
    is_kin,
    is_one_voice,
    resemblance,
    signatures,
)
from transforms.rows import Document, StoryMember
from transforms.stories import WINDOW, candidate_pairs, group

LABELLED = Path(__file__).parent / "near_duplicates"

STORY = """Norland handed over four patrol boats to the coast guard of Estria on Monday, the ministry in Oslo said.

The boats were built in Bergen in 2019 and are worth 31 million euros. Two more will follow in June, said Kari Holm, \
who heads the programme. Her office has trained 60 sailors since January.

Estria has asked for radars as well. A decision will be made after the elections in the autumn, she said."""
LEAD = "The harbour of Ludo was closed to yachts for a day. Children got flags and a free lunch from the mayor.\n\n"


def of(*texts: str) -> list[Signature]:
    return list(signatures(texts))


def shared(one: str, other: str) -> Resemblance:
    return resemblance(*of(one, other))


def document(text: str, uri: str, day: str | None = "2024-05-01") -> Document:
    return make_document(text, source_uri=uri, published_on=date.fromisoformat(day) if day else None)


# ---------------------------------------------------------------------------------------------------------- signatures


def test_signatures_stay_what_they_are() -> None:
    """If this fails, signatures that are stored do not fit new ones: raise the number in METHOD_VERSION."""
    (signature,) = of(STORY)
    digest = hashlib.sha256(b"".join(getattr(signature, name).tobytes() for name in Signature.__slots__)).hexdigest()
    assert (METHOD_VERSION, digest[:16]) == ("1-4-64x2", "e4829a7ebed390a3")


def test_case_punctuation_and_spacing_do_not_matter() -> None:
    changed = STORY.replace(",", " –").replace("\n\n", " ").replace("31 million", "31\u00a0million").lower()
    assert shared(STORY, changed).containment == 1.0


def test_resemblance_is_symmetric() -> None:
    one, other = of(STORY, LEAD + STORY[:300])
    assert resemblance(one, other) == resemblance(other, one)


@pytest.mark.parametrize("text", ["", "Too short", "¿?", "\ud800 \x00 x", "٣ ٤ ٥ ٦ ٧"])
def test_odd_texts_have_signatures(text: str) -> None:
    assert not is_one_voice(shared(text, STORY))
    assert not is_one_voice(shared(text, text))


def test_texts_without_spaces_are_compared_by_the_character() -> None:
    text = "挪威周一向爱斯特里亚海岸警卫队移交了四艘巡逻艇,国防部说。这些船于2019年在卑尔根建造。"
    assert is_one_voice(shared(text, text.replace("周一", "星期一")))
    assert not is_one_voice(shared(text, "政府决定从九月起在星期天开放公共图书馆,费用为每年九千欧元,由市议会承担。"))


def test_names_and_numbers_between_the_same_words_are_compared() -> None:
    notice = "The ministry granted a licence for {} rifles to the army of {} on {} after a check of the end use."
    found = shared(notice.format(200, "Tunisia", "Monday"), notice.format(350, "Kenya", "Monday"))
    assert (found.n_kept, found.n_changed) == (1, 2)


# ------------------------------------------------------------------------------------------------------------ the rule


@pytest.mark.parametrize(
    "variant",
    [
        STORY,
        LEAD + STORY,
        STORY[: STORY.index("Her office")],
        LEAD + STORY[: STORY.index("Estria has")],
        STORY.replace("handed over", "gave").replace("Monday", "Tuesday").replace("will follow", "are to follow"),
        STORY + "\n\n" + "Sign up for our morning letter. You can leave at any time. We use cookies." * 3,
    ],
    ids=["same", "lead", "cut", "lead and cut", "edited", "footer"],
)
def test_reprints_are_one_voice(variant: str) -> None:
    assert is_one_voice(shared(STORY, variant))


def test_a_new_opening_over_much_of_the_same_is_one_voice() -> None:
    words = "red blue green white black brown grey pink gold silver bronze amber beige coral ivory azure".split()
    facts = " ".join(
        f"The {w} yard in {w.title()}port built {9 * len(w)} {w} hulls for {w.title()}land." for w in words
    )
    one = "In spring the ministers met by the lake and agreed on little, as the rain fell and the cameras left early. "
    other = "A year of strikes has left the shipyards of the coast with debts that no bank wants to take on any more. "
    found = shared(one * 2 + facts, other * 2 + facts)
    assert found.opening < 0.3
    assert is_one_voice(found)


def test_two_texts_over_one_footer_are_two_voices() -> None:
    footer = "This paper is made by eleven people who live here. " + " ".join(f"word{n}x" for n in range(60)) * 2
    one = "A wolf was seen near the mill on Tuesday evening by a woman who was walking her dog along the river bank. "
    other = (
        "The library will open on Sundays from autumn on, the council decided, and two students will keep the desk. "
    )
    found = shared(one * 2 + footer, other * 2 + footer)
    assert found.containment > 0.45
    assert not is_one_voice(found)


def test_a_form_that_comes_again_later_is_a_new_issue() -> None:
    found = shared(STORY, STORY.replace("2019", "2023"))
    assert found.n_changed == 1
    assert is_one_voice(found)
    assert is_one_voice(found, days_apart=REISSUED_AFTER_DAYS)
    assert not is_one_voice(found, days_apart=REISSUED_AFTER_DAYS + 1)
    assert is_one_voice(shared(STORY, STORY), days_apart=4000)


# -------------------------------------------------------------------------------------------------------- the grouping


def test_candidates_share_a_band() -> None:
    bands = np.arange(5 * N_BANDS, dtype=np.uint32).reshape(5, N_BANDS)
    bands[3, 7] = bands[1, 7]
    bands[4, [2, 9]] = bands[0, [2, 9]]
    assert candidate_pairs(bands).tolist() == [[0, 4], [1, 3]]
    assert candidate_pairs(bands[:1]).tolist() == []


def test_small_groups_give_all_their_pairs() -> None:
    bands = np.random.default_rng(2).integers(0, 25, (60, 6), dtype=np.uint32)
    wanted = [[one, other] for one, other in combinations(range(60), 2) if (bands[one] == bands[other]).any()]
    assert candidate_pairs(bands).tolist() == wanted


def test_a_band_that_all_share_costs_no_more_than_a_window() -> None:
    generator = np.random.default_rng(1)
    n_texts = 400
    bands = generator.integers(0, 2**32, (n_texts, 8), dtype=np.uint32)
    bands[:, 0] = 1
    # Ten texts of one story in the crowd: they stand together when it is sorted.
    bands[40:400:40, 1] = 2
    found = candidate_pairs(bands)
    assert len(found) <= n_texts * WINDOW + 45
    assert {(one, other) for one, other in found.tolist()} >= set(combinations(range(40, 400, 40), 2))


def test_groups_begin_with_their_first_and_do_not_chain() -> None:
    # 2 is a digest of the stories of 0 and of 1; 4 repeats 3, which repeats 1.
    pairs = [(0, 2), (1, 2), (1, 3), (3, 4)]
    kin = {(0, 2), (1, 3), (1, 4)}
    for order in (pairs, pairs[::-1]):
        assert group(6, order, lambda first, text: (first, text) in kin) == [0, 1, 0, 1, 1, 5]


# ----------------------------------------------------------------------------------------------------- the labelled set


@pytest.fixture(scope="module")
def labels() -> dict[str, dict[str, str]]:
    with (LABELLED / "clusters.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def labelled() -> dict[str, dict[str, str]]:
    with (LABELLED / "documents.jsonl").open(encoding="utf-8") as file:
        return {row["id"]: row for row in map(json.loads, file)}


def test_the_labelled_set_is_made_of_its_sources(labelled: dict, labels: dict) -> None:
    made = runpy.run_path(str(LABELLED / "make_set.py"))["make"]()
    assert [row["text"] for row in made] == [row["text"] for row in labelled.values()]
    assert [(row["id"], row["cluster"]) for row in made] == [(row["id"], row["cluster"]) for row in labels.values()]
    assert {row["event"] for row in made if row["split"] == "dev"}.isdisjoint(
        row["event"] for row in made if row["split"] == "test"
    )
    assert len({row["cluster"] for row in made}) >= 60
    assert len(made) >= 220


@pytest.mark.parametrize("half", ["dev", "test"])
def test_pairs_of_the_labelled_set(labelled: dict, labels: dict, half: str, tmp_path: Path) -> None:
    names = [name for name in labelled if labels[name]["split"] == half]
    rows = {name: document(labelled[name]["text"], name, labelled[name]["published_on"]) for name in names}
    write_documents(Lake(tmp_path), "a", list(rows.values()))
    cluster_documents(tmp_path, VERSION)
    story = stories(tmp_path)
    right = missed = merged = 0
    for one, other in combinations(names, 2):
        if "digest" in (labels[one]["kind"], labels[other]["kind"]):
            continue
        is_one = labels[one]["cluster"] == labels[other]["cluster"]
        is_found = story[rows[one].document_id] == story[rows[other].document_id]
        right += is_one and is_found
        missed += is_one and not is_found
        merged += is_found and not is_one
    assert 2 * right / (2 * right + missed + merged) >= 0.95


# ------------------------------------------------------------------------------------------------------------ the step


def stories(root: Path) -> dict[str, str]:
    return {row.document_id: row.story_id for row in read_rows(Lake(root).stories, StoryMember)}


def sample() -> list[Document]:
    other = "The library will open on Sundays from autumn on, the council decided, and two students will keep the desk."
    return [
        document(LEAD + STORY, "https://ludo.example/1", "2024-05-02"),
        document(STORY, "https://wire.example/1", "2024-05-01"),
        document(STORY, "https://copy.example/1", "2024-05-03"),
        document(STORY[: STORY.index("Estria has")], "undated.txt", None),
        document(other, "https://valley.example/1", "2024-05-01"),
        document("Short.", "short.txt"),
        document("", "empty.txt"),
    ]


def fill(root: Path, batches: Sequence[Sequence[Document]]) -> None:
    for number, batch in enumerate(batches):
        write_documents(Lake(root), str(number), batch)


def test_a_lake_gets_its_stories(tmp_path: Path) -> None:
    documents = sample()
    fill(tmp_path, [documents])
    assert cluster_documents(tmp_path, VERSION) == {"documents": 6, "signed": 6, "stories": 1, "reprints": 2}
    found = stories(tmp_path)
    wire = documents[1].document_id
    assert found == {row.document_id: wire if row in documents[:4] else row.document_id for row in documents}
    by_id = {row.document_id: row for row in read_rows(Lake(tmp_path).stories, StoryMember)}
    assert (by_id[wire].containment, by_id[wire].jaccard) == (1.0, 1.0)
    assert by_id[documents[0].document_id].containment == 1.0
    assert 0.5 < by_id[documents[0].document_id].jaccard < 1.0


def test_order_and_batches_make_no_difference(tmp_path: Path) -> None:
    with (LABELLED / "documents.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    documents = [document(row["text"], row["uri"], row["published_on"]) for row in rows]
    contents = set()
    for number, size in enumerate((1000, 60)):
        root = tmp_path / str(number)
        random.Random(number).shuffle(documents)
        fill(root, [documents[start : start + size] for start in range(0, len(documents), size)])
        cluster_documents(root, VERSION)
        contents.add(Lake(root).stories.read_bytes())
    # A lake that grew from run to run.
    root = tmp_path / "grown"
    for end in (50, 200, len(documents)):
        fill(root, [documents[:end]])
        cluster_documents(root, VERSION)
    contents.add(Lake(root).stories.read_bytes())
    assert len(contents) == 1


def test_what_is_signed_is_not_signed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = sample()
    fill(tmp_path, [documents[:3]])
    cluster_documents(tmp_path, VERSION)
    fill(tmp_path, [documents[:3], documents[3:]])
    assert cluster_documents(tmp_path, VERSION)["signed"] == 4
    before = Lake(tmp_path).stories.stat()
    monkeypatch.setattr(near_duplicates, "candidate_pairs", None)
    figures = cluster_documents(tmp_path, VERSION)
    assert figures == {"documents": 6, "signed": 0, "stories": 1, "reprints": 2}
    assert Lake(tmp_path).stories.stat().st_mtime_ns == before.st_mtime_ns


def test_an_earlier_text_gives_the_story_its_name(tmp_path: Path) -> None:
    documents = sample()
    fill(tmp_path, [[documents[0]]])
    cluster_documents(tmp_path, VERSION)
    assert set(stories(tmp_path).values()) == {documents[0].document_id}
    fill(tmp_path, [documents[:2]])
    cluster_documents(tmp_path, VERSION)
    assert set(stories(tmp_path).values()) == {documents[1].document_id}


def test_signatures_are_kept_per_method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, [sample()])
    cluster_documents(tmp_path, VERSION)
    monkeypatch.setattr(near_duplicates, "METHOD_VERSION", "2")
    assert cluster_documents(tmp_path, VERSION)["signed"] == 6
    assert sorted(path.name for path in Lake(tmp_path).signatures.iterdir()) == sorted((METHOD_VERSION, "2"))


def test_another_rule_makes_new_stories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, [sample()])
    cluster_documents(tmp_path, VERSION)
    monkeypatch.setattr(near_duplicates, "rule_version", lambda: "2")
    monkeypatch.setattr(near_duplicates, "is_one_voice", lambda *_: False)
    assert cluster_documents(tmp_path, VERSION)["stories"] == 0


def test_an_empty_lake_has_no_stories(tmp_path: Path) -> None:
    assert cluster_documents(tmp_path, VERSION) == {"documents": 0, "signed": 0, "stories": 0, "reprints": 0}
    assert read_rows(Lake(tmp_path).stories, StoryMember) == []


def test_texts_too_short_to_compare_are_stories_by_themselves(tmp_path: Path) -> None:
    documents = [document(text, text or "x") for text in ("", "A", "B b", "Yes, it was.")]
    fill(tmp_path, [documents])
    assert cluster_documents(tmp_path, VERSION)["reprints"] == 0
    assert all(text == story for text, story in stories(tmp_path).items())


def test_a_run_that_was_killed_while_signing_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, [sample()])
    monkeypatch.setattr(near_duplicates, "SIGNED_TOGETHER", 2)
    cluster_documents(tmp_path, VERSION)
    files = parquet_files(Lake(tmp_path).signatures / METHOD_VERSION)
    assert len(files) == 3
    before = Lake(tmp_path).stories.read_bytes()
    files[1].unlink()
    Lake(tmp_path).stories.unlink()
    assert cluster_documents(tmp_path, VERSION)["signed"] == 2
    assert Lake(tmp_path).stories.read_bytes() == before
    # The same text signed twice, as two runs at once may, counts once.
    files[0].with_name("again.parquet").write_bytes(files[0].read_bytes())
    Lake(tmp_path).stories.unlink()
    cluster_documents(tmp_path, VERSION)
    assert Lake(tmp_path).stories.read_bytes() == before


@pytest.mark.parametrize("store", ["documents", "signatures", "stories"])
def test_a_broken_file_is_named(tmp_path: Path, store: str) -> None:
    fill(tmp_path, [sample()])
    cluster_documents(tmp_path, VERSION)
    lake = Lake(tmp_path)
    broken = {
        "documents": lake.documents / VERSION / "broken" / "documents.parquet",
        "signatures": lake.signatures / METHOD_VERSION / "broken.parquet",
        "stories": lake.stories,
    }[store]
    broken.parent.mkdir(exist_ok=True)
    broken.write_bytes(b"not parquet")
    with pytest.raises(LakeError, match=r"broken(/documents)?\.parquet|stories\.parquet") as caught:
        cluster_documents(tmp_path, VERSION)
    assert "\n" not in str(caught.value)


def test_the_file_says_what_it_was_made_of(tmp_path: Path) -> None:
    fill(tmp_path, [sample()])
    cluster_documents(tmp_path, VERSION)
    made_of = json.loads(pq.read_schema(Lake(tmp_path).stories).metadata[b"materiel"])
    assert made_of["figures"] == {"documents": 6, "stories": 1, "reprints": 2}


def test_kinship_is_weaker_than_one_voice() -> None:
    for text in (STORY, LEAD + STORY, STORY[:300]):
        assert is_kin(shared(STORY, text))
    assert not is_kin(shared(STORY, LEAD * 4))
