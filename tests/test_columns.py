"""One truth about columns: the models' YAML, a built release, the row classes, the contract and the dictionary."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from small_lake import sample_release

from flows.catalog import current_release, data_dictionary, describe
from flows.corrections import Correction
from flows.lake import Lake
from transforms import rows

ROOT = Path(__file__).parents[1]

CONTRACT = {
    "documents": "document_id source_uri title published_on language text",
    "actors": "actor_id name kind country",
    "transfer_claims": "claim_id document_id source_uri published_on supplier_id recipient_id intermediary_ids "
    "origin_id materiel weapon category quantity_low quantity_high quantity_unit value_amount value_currency status "
    "factuality basis date_start date_end date_precision date_text attribution evidence evidence_start evidence_end",
    "relation_claims": "claim_id document_id source_uri published_on subject_id relation object_id status factuality "
    "date_start date_end date_precision date_text attribution evidence evidence_start evidence_end",
    "affiliations": "document_id source_uri person_id person_name title actor_id is_current evidence evidence_start "
    "evidence_end",
    "transfers": "transfer_id supplier_id recipient_id category weapon status quantity_low quantity_high quantity_unit "
    "date_start date_end n_claims n_sources n_denials first_reported_on last_reported_on",
    "transfer_claim_links": "transfer_id claim_id",
    "actor_relations": "subject_id relation object_id n_claims n_sources first_reported_on last_reported_on",
}
"""The columns that others build on; none may go or change its name without a note in the changelog."""

PUBLISHED = {
    *CONTRACT,
    "actor_relations_by_month",
    "affiliation_periods",
    "bilateral_flows",
    "corrections",
    "document_sightings",
    "network_edges",
    "outlets",
    "rejects",
    "trade_register",
    "transfer_timeline",
    "weapons",
}

PARQUET_TYPES = {
    "varchar": "string",
    "bigint": "int64",
    "double": "double",
    "boolean": "bool",
    "date": "date32[day]",
}

ROW_TYPES = {
    "transfer_claims": rows.TransferClaim,
    "relation_claims": rows.RelationClaim,
    "affiliations": rows.Affiliation,
    "documents": rows.Document,
    "rejects": rows.Reject,
    "extractions": rows.Extraction,
    "actor_mentions": rows.ActorMention,
    "corrections": Correction,
    "stories": rows.StoryMember,
}


def models(layer: str) -> dict[str, dict]:
    described = {}
    for path in sorted((ROOT / "sql" / "models" / layer).glob("*.sql")):
        (model,) = yaml.safe_load(path.with_suffix(".yml").read_text(encoding="utf-8"))["models"]
        assert model["name"] == path.stem
        described[path.stem] = model
    return described


MARTS = models("marts")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake: Lake = sample_release(tmp_path_factory.getbasetemp())
    return current_release(lake.root)


def test_every_mart_is_published(release: Path) -> None:
    assert {path.stem for path in release.glob("*.parquet")} == set(MARTS) == PUBLISHED


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_yaml_and_parquet_agree(release: Path, name: str) -> None:
    columns = [(column["name"], PARQUET_TYPES[column["data_type"]]) for column in MARTS[name]["columns"]]
    schema = pq.read_schema(release / f"{name}.parquet")
    assert [(field.name, str(field.type)) for field in schema] == columns


@pytest.mark.parametrize("name", sorted(CONTRACT))
def test_the_contract_is_kept(release: Path, name: str) -> None:
    contract = CONTRACT[name].split()
    assert pq.read_schema(release / f"{name}.parquet").names[: len(contract)] == contract


@pytest.mark.parametrize("name", sorted(ROW_TYPES))
def test_the_staging_models_have_the_columns_of_the_rows(name: str) -> None:
    names = [column["name"] for column in models("staging")[f"stg_{name}"]["columns"]]
    # What a document was made of is the lake's; of it, the digest is published.
    assert [name for name in names if name != "raw_digest"] == [field.name for field in fields(ROW_TYPES[name])]


@pytest.mark.parametrize("name", ["transfer_claims", "relation_claims", "affiliations"])
def test_every_column_of_a_claim_is_published(name: str) -> None:
    published = {column["name"] for column in MARTS[name]["columns"]}
    own = {field.name for field in fields(ROW_TYPES[name])} - {"extraction_key"}
    reviewed = {"review"} if name == "transfer_claims" else set()
    assert published == own | reviewed | {"source_uri", "published_on"}


@pytest.mark.parametrize("layer", ["staging", "intermediate", "marts"])
def test_every_model_is_a_select_and_every_column_is_described(layer: str) -> None:
    for name, model in models(layer).items():
        sql = (ROOT / "sql" / "models" / layer / f"{name}.sql").read_text(encoding="utf-8")
        assert sql.startswith(("select", "with")), name
        assert model["description"].strip()
        assert all(column["description"].strip() and column["data_type"] for column in model["columns"])


def test_the_pages_name_the_least_confidence_that_is_set() -> None:
    least = yaml.safe_load((ROOT / "sql" / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["least_confidence"]
    page = (ROOT / "docs" / "fact-model.md").read_text(encoding="utf-8")
    assert f"below {least} (`least_confidence`" in page
    assert f"below `least_confidence` ({least}," in MARTS["transfers"]["description"]


def test_the_data_dictionary_is_current(release: Path) -> None:
    page = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert page == data_dictionary(describe(release)), (
        "run the pipeline over any input, then: python -m flows.catalog lake/current > docs/data-dictionary.md"
    )
