"""Lakes made by hand for the tests of the models and of the release: few rows, written as the pipeline writes them."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from flows.corrections import append_corrections, make_correction
from flows.lake import Lake, write_rows
from flows.model import build_models
from flows.parsing import StoredDocument
from flows.publish import publish_release
from transforms.documents import make_document
from transforms.rows import (
    ActorMention,
    Affiliation,
    Document,
    Extraction,
    Reject,
    RelationClaim,
    StoryMember,
    TransferClaim,
    content_id,
)

VERSION = "test-version"

SEEDS = {
    "actors": """actor_id,name,kind,country,source,licence
IRN,Iran,state,IRN,x,x
PRK,North Korea,state,PRK,x,x
RUS,Russia,state,RUS,x,x
UKR,Ukraine,state,UKR,x,x
USA,United States,state,USA,x,x
lockheed-martin,Lockheed Martin,company,USA,x,x
monitor,Monitor,media,UGA,x,x
reuters,Reuters,media,GBR,x,x
tv-chosun,TV Chosun,media,KOR,x,x
""",
    "actor_aliases": """alias,actor_id,form,ambiguity,source,licence
Reuters,reuters,name,,x,x
Reuters News,reuters,name,,x,x
TV Chosun,tv-chosun,name,,x,x
""",
    "materiel_categories": """category,unroca,description,source,licence
air_defence,VII,Air defence,x,x
artillery,III,Artillery,x,x
combat_aircraft,IV,Combat aircraft,x,x
missile,VII,Missiles,x,x
uav,IV,Drones,x,x
unspecified,,Arms,x,x
""",
    "units": """unit,plural,holds,source,licence
battery,batteries,formation,x,x
container,containers,load,x,x
missile,missiles,weapon,x,x
round,rounds,ammunition,x,x
tank,tanks,weapon,x,x
""",
    "weapons": """weapon,category,unit,producer_id,family,source,licence
F-16,combat_aircraft,aircraft,USA,,x,x
F-16C,combat_aircraft,aircraft,USA,F-16,x,x
KN-23,missile,missile,PRK,,x,x
KN-24,missile,missile,PRK,,x,x
""",
}


@dataclass
class Rows:
    """What a lake is to hold."""

    documents: list[Document] = field(default_factory=list)
    transfer_claims: list[TransferClaim] = field(default_factory=list)
    relation_claims: list[RelationClaim] = field(default_factory=list)
    affiliations: list[Affiliation] = field(default_factory=list)
    actor_mentions: list[ActorMention] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    stories: list[StoryMember] = field(default_factory=list)

    def document(self, text: str, uri: str, day: str | None = None, **fields: str | None) -> Document:
        """Add a sighting of a text."""
        published_on = date.fromisoformat(day) if day else None
        document = make_document(text, source_uri=uri, published_on=published_on, **fields)
        self.documents.append(document)
        return document

    def transfer(
        self,
        document: Document,
        supplier: str | None,
        recipient: str | None,
        evidence: str | None = None,
        **fields: object,
    ) -> TransferClaim:
        """Add a transfer claim whose evidence, the whole text by default, is found in the document."""
        values: dict = {
            "intermediary_ids": None,
            "origin_id": None,
            "approved_by_id": None,
            "materiel": "missiles",
            "weapon": None,
            "category": "missile",
            "quantity_low": None,
            "quantity_high": None,
            "quantity_unit": None,
            "value_amount": None,
            "value_currency": None,
            "status": "delivered",
            "factuality": "CT+",
            "basis": "stated",
            "date_start": None,
            "date_end": None,
            "date_precision": None,
            "date_text": None,
            "attribution": None,
            "confidence": None,
            "evidence_marks": "",
            **_evidence(document, evidence),
            **fields,
        }
        identity = (document.document_id, supplier, recipient, *sorted(map(str, values.items())))
        claim = TransferClaim(
            claim_id=content_id(*identity),
            extraction_key=document.extraction_key,
            document_id=document.document_id,
            supplier_id=supplier,
            recipient_id=recipient,
            **values,
        )
        self.transfer_claims.append(claim)
        return claim

    def relation(
        self,
        document: Document,
        subject: str,
        relation: str,
        object_: str,
        evidence: str | None = None,
        **fields: object,
    ) -> RelationClaim:
        """Add a relation claim."""
        values: dict = {
            "status": None,
            "factuality": "CT+",
            "date_start": None,
            "date_end": None,
            "date_precision": None,
            "date_text": None,
            "attribution": None,
            "evidence_marks": "",
            **_evidence(document, evidence),
            **fields,
        }
        claim = RelationClaim(
            claim_id=content_id(document.document_id, subject, relation, object_, *sorted(map(str, values.items()))),
            extraction_key=document.extraction_key,
            document_id=document.document_id,
            subject_id=subject,
            relation=relation,
            object_id=object_,
            **values,
        )
        self.relation_claims.append(claim)
        return claim

    def affiliation(self, document: Document, person: str, name: str, title: str, actor: str) -> Affiliation:
        """Add a current affiliation."""
        row = Affiliation(
            affiliation_id=content_id(document.document_id, person, title, actor),
            extraction_key=document.extraction_key,
            document_id=document.document_id,
            person_id=person,
            person_name=name,
            title=title,
            actor_id=actor,
            is_current=True,
            **_evidence(document, None),
        )
        self.affiliations.append(row)
        return row

    def story(self, first: Document, *others: Document) -> None:
        """Put texts into one story, as near-duplicate detection would."""
        self.stories += [StoryMember(d.document_id, first.document_id, 1.0, 1.0, "test") for d in (first, *others)]

    def mention(self, document: Document, actor: str, name: str, kind: str, country: str | None = None) -> None:
        """Add what a document tells of an actor."""
        row = ActorMention(document.extraction_key, document.document_id, actor, name, kind, country)
        self.actor_mentions.append(row)


def sample() -> Rows:
    """Rows for every table."""
    rows = Rows()
    text = "North Korea sent 20 KN-23 missiles to Russia. Russia thanked it, said Jane Doe, its spokeswoman. 😀"
    first = rows.document(text, "https://a.example/1", "2024-05-01", title="Missiles", language="en", author="A. B.")
    rows.document(text, "https://b.example/2", "2024-05-02", outlet="B")
    sentence = "North Korea sent 20 KN-23 missiles to Russia."
    numbers = {"quantity_low": 20.0, "quantity_high": 20.0, "quantity_unit": "missile"}
    rows.transfer(first, "PRK", "RUS", sentence, weapon="KN-23", evidence_marks="supplier=0:11", **numbers)
    rows.relation(first, "RUS", "support", "PRK", "Russia thanked it, said Jane Doe, its spokeswoman.")
    rows.affiliation(first, "jane-doe", "Jane Doe", "spokeswoman", "RUS")
    rows.mention(first, "jane-doe", "Jane Doe", "person", "RUS")
    second = rows.document("Lockheed Martin will sell jets to Ukraine | Poland.", "two.txt")
    rows.transfer(second, "lockheed-martin", "UKR", category="combat_aircraft", materiel="jets", status="planned")
    rows.document("Nothing here.", "three.txt")
    rows.rejects.append(Reject("four.png", "read", "not_text", "An image; convert it to text."))
    rows.rejects.append(Reject("five.txt", "read", "empty", "Nothing in it."))
    return rows


def sample_release(base: Path) -> Lake:
    """The sample, built and published below a folder; once for all tests that name the same folder."""
    root = base / "sample-release"
    if not Lake(root).current.exists():
        rows, seeds = sample(), write_seeds(base / "sample-seeds")
        write_lake(root, rows)
        write_sample_correction(root, rows, seeds)
        build_models(root, VERSION, VERSION, seeds)
        publish_release(root)
    return Lake(root)


def write_sample_correction(root: Path, rows: Rows, seeds: Path) -> None:
    """Confirm the first claim."""
    claim_id = rows.transfer_claims[0].claim_id
    decision = make_correction("confirm_claim", claim_id, decided_by="A. Analyst", decided_at="2024-07-01")
    append_corrections(root / "corrections.csv", [decision], seeds)


def write_seeds(folder: Path) -> Path:
    """Write the small reference tables; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in SEEDS.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def write_lake(root: Path, rows: Rows, batch_size: int = 1000, shuffle: int | None = None) -> Lake:
    """Replace what the lake stores, in batches of documents; built caches stay, releases go."""
    lake = Lake(root)
    for folder in (lake.documents, lake.rejects, lake.claims, lake.releases):
        shutil.rmtree(folder, ignore_errors=True)
    lake.current.unlink(missing_ok=True)
    lake.stories.unlink(missing_ok=True)
    if rows.stories:
        write_rows(lake.stories, StoryMember, sorted(rows.stories, key=lambda member: member.document_id))
    documents, rejects = list(rows.documents), list(rows.rejects)
    if shuffle is not None:
        random.Random(shuffle).shuffle(documents)
        random.Random(shuffle).shuffle(rejects)
    for batch in _batches(documents, batch_size):
        name = content_id(*(document.extraction_key + document.source_uri for document in batch))
        write_documents(lake, name, batch)
        write_claims(lake, name, rows, batch)
    for batch in _batches(rejects, batch_size):
        write_rows(lake.rejects / f"{content_id(*batch)}.parquet", Reject, batch)
    return lake


def write_documents(lake: Lake, name: str, documents: Sequence[Document], version: str = VERSION) -> Path:
    """Write one batch of documents; returns the file that holds them."""
    folder = lake.documents / version / name
    stored = [StoredDocument(**asdict(document), raw_digest="", raw_file="", raw_offset=0) for document in documents]
    write_rows(folder / "documents.parquet", StoredDocument, stored)
    write_rows(folder / "rejects.parquet", Reject, [])
    return folder / "documents.parquet"


def write_claims(lake: Lake, name: str, rows: Rows, documents: Sequence[Document], version: str = VERSION) -> None:
    """Write one batch of claims: the rows of these documents."""
    keys = {document.extraction_key for document in documents}
    folder = lake.claims / version / name
    extractions = [
        Extraction(key, ids, 1, 1) for key, ids in {d.extraction_key: d.document_id for d in documents}.items()
    ]
    write_rows(folder / "extractions.parquet", Extraction, extractions)
    for table, row_type in (
        ("transfer_claims", TransferClaim),
        ("relation_claims", RelationClaim),
        ("affiliations", Affiliation),
        ("actor_mentions", ActorMention),
    ):
        members = [row for row in getattr(rows, table) if row.extraction_key in keys]
        write_rows(folder / f"{table}.parquet", row_type, members)


def _batches(members: list, size: int) -> list[list]:
    return [members[start : start + size] for start in range(0, len(members), size)]


def _evidence(document: Document, evidence: str | None) -> dict:
    evidence = document.text if evidence is None else evidence
    start = document.text.index(evidence)
    return {"evidence": evidence, "evidence_start": start, "evidence_end": start + len(evidence)}
