"""Generated claims through all models: seconds and memory for one number of claims and for ten times as many.

The claims are skewed as news is: few pairs of states, weapons, outlets and days have most of them (Zipf), one in seven
sentences is a reprint, and parties, weapons and numbers are often left out. Beside every four transfer claims stands
one relation claim.

    python -m benchmarks.models_scale [CLAIMS] [FOLDER]
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import ROOT, environment, verdict
from flows.lake import Lake, arrow_schema
from flows.parsing import StoredDocument
from transforms.rows import (
    ActorMention,
    Affiliation,
    Extraction,
    Reject,
    RelationClaim,
    TransferClaim,
    content_id,
)

SECONDS, GIGABYTES, GROWTH = 60, 4, 1.2
VERSION = "generated"
CLAIMS_PER_DOCUMENT = 4
DOCUMENTS_PER_BATCH = 1000
STATUSES = ("delivered", "planned", "ordered", "approved", "in_transit", "requested", "negotiated", "suspended")
FACTUALITIES = ("CT+", "PR+", "PS+", "CT-", "Uu")
NUMBERS = (2, 4, 6, 8, 10, 12, 18, 20, 24, 30, 36, 40, 50, 60, 72, 100, 120, 150, 200, 300, 500, 800, 1000, 5000, 20000)
AMOUNTS = (20, 45, 70, 100, 150, 228, 250, 375, 400, 500, 700, 800, 1000, 1200, 2500, 3000, 5400, 8600, 10000, 23000)


def generate(lake: Lake, claims: int, seed: int = 7) -> None:
    """Write a lake with so many transfer claims, as the pipeline would, the same for the same arguments."""
    random = np.random.default_rng(seed)
    actors = _table("actors")
    states = [row["actor_id"] for row in actors if row["kind"] == "state"]
    companies = [row["actor_id"] for row in actors if row["kind"] == "company" and row["country"]]
    media = [row["actor_id"] for row in actors if row["kind"] == "media"]
    weapons = [(row["weapon"], row["category"], row["unit"]) for row in _table("weapons")]
    suppliers = [*states[:60], *companies[:200]]
    count = claims // CLAIMS_PER_DOCUMENT
    days = np.sort((random.beta(2, 1, count) * 4000).astype(int))
    reprinted: list[dict[str, Any]] = []
    for start in range(0, count, DOCUMENTS_PER_BATCH):
        size = min(DOCUMENTS_PER_BATCH, count - start)
        tables: dict[type, list[dict[str, Any]]] = {
            StoredDocument: [],
            Reject: [],
            Extraction: [],
            TransferClaim: [],
            RelationClaim: [],
            Affiliation: [],
            ActorMention: [],
        }
        outlets = _zipf(random, len(media), size)
        told = size * CLAIMS_PER_DOCUMENT
        draws = {
            "supplier": _zipf(random, len(suppliers), told),
            "recipient": _zipf(random, len(states), told),
            "weapon": _zipf(random, len(weapons), told),
            "number": _zipf(random, len(NUMBERS), told),
            "amount": _zipf(random, len(AMOUNTS), told),
            "status": _zipf(random, len(STATUSES), told),
            "factuality": _zipf(random, len(FACTUALITIES), told, 2.0),
            "source": _zipf(random, len(media), told),
        }
        chances = random.random((told, 8))
        for n in range(size):
            published_on = date(2014, 1, 1) + timedelta(days=int(days[start + n]))
            sentences = []
            for k in range(n * CLAIMS_PER_DOCUMENT, (n + 1) * CLAIMS_PER_DOCUMENT):
                chance = chances[k]
                if chance[0] < 0.15 and reprinted:
                    sentences.append(reprinted[int(chance[1] * len(reprinted))])
                    continue
                drawn = {name: int(values[k]) for name, values in draws.items()}
                supplier, recipient = suppliers[drawn["supplier"]], states[-1 - drawn["recipient"]]
                weapon, category, unit = weapons[drawn["weapon"]]
                number, amount = float(NUMBERS[drawn["number"]]), AMOUNTS[drawn["amount"]] * 1e6
                fields = {
                    "supplier_id": None if chance[2] < 0.1 or supplier == recipient else supplier,
                    "recipient_id": recipient,
                    "materiel": f"{category} of type {weapon}",
                    "weapon": weapon if chance[3] < 0.6 else None,
                    "category": category if chance[3] < 0.9 else "unspecified",
                    "quantity_low": number if chance[4] < 0.5 else None,
                    "quantity_high": number if chance[4] < 0.4 else None,
                    "quantity_unit": unit if chance[4] < 0.5 else None,
                    "value_amount": amount if chance[5] < 0.15 else None,
                    "value_currency": "USD" if chance[5] < 0.15 else None,
                    "status": STATUSES[drawn["status"]],
                    "factuality": FACTUALITIES[drawn["factuality"]],
                    "basis": "stated" if chance[6] < 0.95 else "inferred",
                    "attribution": _attribution(media[drawn["source"]], chance[7]),
                    "confidence": round(0.3 + 0.7 * float(chance[1]), 4) if chance[6] < 0.8 else None,
                }
                words = (
                    f"{recipient} was to get {number:.0f} {fields['materiel']} from {supplier}, "
                    f"a spokesman said ({k} of {start})."
                )
                sentences.append({"fields": fields, "words": words})
                if chance[0] > 0.99:
                    reprinted = [*reprinted[-200:], sentences[-1]]
            _add_document(tables, start + n, published_on, media[outlets[n]], sentences)
        _write(lake, f"{start:08d}", tables)


def _add_document(
    tables: dict[type, list[dict[str, Any]]],
    number: int,
    published_on: date,
    outlet: str,
    sentences: Sequence[dict[str, Any]],
) -> None:
    """Put a document and its claims into the tables."""
    lead = f"Generated report {number}. "
    text = lead + " ".join(sentence["words"] for sentence in sentences)
    document, key = content_id(text), content_id(text, None, published_on)
    url = f"https://{outlet}.example/{number}"
    tables[StoredDocument].append(
        {
            "document_id": document,
            "extraction_key": key,
            "source_uri": url,
            "url": url,
            "outlet": outlet,
            "published_on": published_on,
            "published_precision": "day",
            "published_from": "page",
            "language": "en",
            "text": text,
            "raw_digest": "",
            "raw_file": "",
            "raw_offset": 0,
        }
    )
    extraction = {"extraction_key": key, "document_id": document, "n_sentences": 5, "n_sentences_parsed": 4}
    tables[Extraction].append(extraction)
    start = len(lead)
    for place, sentence in enumerate(sentences):
        fields, words = sentence["fields"], sentence["words"]
        said = start + words.index("a spokesman")
        common = {
            "claim_id": content_id(document, place),
            "extraction_key": key,
            "document_id": document,
            "evidence": words,
            "evidence_start": start,
            "evidence_end": start + len(words),
            "evidence_marks": f"recipient={start}:{start + 3};attribution={said}:{said + 11}",
        }
        tables[TransferClaim].append(common | fields)
        if not place and fields["supplier_id"]:
            ids = sorted([fields["supplier_id"], fields["recipient_id"]])
            relation = {"subject_id": ids[0], "relation": "consult", "object_id": ids[1], "factuality": "CT+"}
            tables[RelationClaim].append(common | relation | {"claim_id": content_id(document, "relation")})
        start += len(words) + 1
    if not number % 10:
        tables[ActorMention].append(
            {
                "extraction_key": key,
                "document_id": document,
                "actor_id": f"person-{number % 5000}",
                "name": f"Person {number % 5000}",
                "kind": "person",
            }
        )
        tables[Affiliation].append(
            {
                "affiliation_id": content_id(document, "affiliation"),
                "extraction_key": key,
                "document_id": document,
                "person_id": f"person-{number % 5000}",
                "person_name": f"Person {number % 5000}",
                "title": "minister",
                "actor_id": sentences[0]["fields"]["recipient_id"],
                "is_current": True,
                "evidence": sentences[0]["words"],
                "evidence_start": len(lead),
                "evidence_end": len(lead) + len(sentences[0]["words"]),
            }
        )


def _write(lake: Lake, name: str, tables: dict[type, list[dict[str, Any]]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = lake.claims / VERSION / name
    paths = {
        StoredDocument: lake.documents / VERSION / name / "documents.parquet",
        Reject: lake.documents / VERSION / name / "rejects.parquet",
        Extraction: folder / "extractions.parquet",
        TransferClaim: folder / "transfer_claims.parquet",
        RelationClaim: folder / "relation_claims.parquet",
        Affiliation: folder / "affiliations.parquet",
        ActorMention: folder / "actor_mentions.parquet",
    }
    for row_type, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        schema = arrow_schema(row_type)
        pq.write_table(pa.Table.from_pylist(tables[row_type], schema=schema), path, compression="zstd")


def _attribution(outlet: str, chance: float) -> str | None:
    """An outlet for a quarter of the claims, words for another, none for the rest."""
    return outlet if chance < 0.25 else "a spokesman" if chance < 0.5 else None


def _zipf(random: np.random.Generator, values: int, size: int, exponent: float = 1.1) -> np.ndarray:
    """Places from 0, each as frequent as Zipf's law says."""
    weights = 1 / np.arange(1, values + 1) ** exponent
    return random.choice(values, size, p=weights / weights.sum())


def _table(name: str) -> list[dict[str, str]]:
    with (ROOT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


BUILD = """
import json, resource, sys
from pathlib import Path
from flows.model import build_models
figures = build_models(Path(sys.argv[1]), sys.argv[2], sys.argv[2])
used = resource.getrusage(resource.RUSAGE_SELF)
figures["gigabytes"], figures["cpu"] = used.ru_maxrss / 2**20, used.ru_utime + used.ru_stime
print(json.dumps(figures))
"""


def measure(folder: Path, claims: int) -> tuple[float, float]:
    """Generate, build in a process of its own; returns seconds and the most memory held, in gigabytes."""
    lake = Lake(folder / str(claims))
    if not lake.documents.is_dir():
        started = time.perf_counter()
        generate(lake, claims)
        print(f"{claims:,} claims generated in {time.perf_counter() - started:.0f} s")
    command = [sys.executable, "-c", BUILD, str(lake.root), VERSION]
    started = time.perf_counter()
    done = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"the build failed:\n{done.stdout}{done.stderr}")
    figures = json.loads(done.stdout.splitlines()[-1])
    tables = ", ".join(f"{name} {rows:,}" for name, rows in figures["tables"].items())
    print(
        f"{claims:,} claims: {seconds:.1f} s, {figures['cpu']:.0f} s of CPU, {figures['gigabytes']:.2f} GB ({tables})"
    )
    return seconds, figures["gigabytes"]


def main() -> None:
    """Measure a tenth and the whole, and fail above a limit."""
    claims = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(temporary)
        few, _ = measure(folder, claims // 10)
        seconds, gigabytes = measure(folder, claims)
    limits = [
        verdict("seconds", seconds, SECONDS),
        verdict("gigabytes", gigabytes, GIGABYTES),
        verdict("ten times the claims / ten times the seconds", seconds / (10 * few), GROWTH),
    ]
    sys.exit(0 if all(limits) else 1)


if __name__ == "__main__":
    main()
