"""Reading a release: finding it, describing it, and querying it without being able to change it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_lake import sample_release

from flows.catalog import CatalogError, QueryError, Reader, connect, current_release, data_dictionary, describe
from flows.lake import Lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return sample_release(tmp_path_factory.getbasetemp())


@pytest.fixture
def reader(lake: Lake) -> Iterator[Reader]:
    with connect(current_release(lake.root)) as reader:
        yield reader


def test_current_release_is_the_folder_behind_the_link(lake: Lake) -> None:
    release = current_release(lake.root)
    assert release.parent == lake.releases.resolve()
    assert not release.is_symlink()


def test_without_a_release_the_error_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no release there; run `materiel run") as caught:
        current_release(tmp_path)
    assert "\n" not in str(caught.value)


def test_describe_gives_tables_columns_and_counts(lake: Lake) -> None:
    tables = {table.name: table for table in describe(current_release(lake.root))}
    assert tables["documents"].rows == 3
    assert tables["documents"].primary_key == ("document_id",)
    kinds = {column.name: column.type for column in tables["transfers"].columns}
    assert (kinds["transfer_id"], kinds["n_claims"], kinds["quantity_low"], kinds["date_start"]) == (
        "string",
        "integer",
        "number",
        "date",
    )
    assert all(table.description and all(column.description for column in table.columns) for table in tables.values())


def test_a_broken_descriptor_is_named(tmp_path: Path) -> None:
    (tmp_path / "datapackage.json").write_text("{")
    with pytest.raises(CatalogError, match=r"datapackage\.json: not a readable release"):
        describe(tmp_path)


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select supplier_id, recipient_id from transfers where weapon = 'KN-23'", [("PRK", "RUS")]),
        ("from transfer_claim_links select count(*)", [(2,)]),
        ("with x as (select 1 as a) select a from x; -- a comment", [(1,)]),
        ("select substring(text, evidence_start + 1, 11) from affiliations join documents using (document_id)",
         [("North Korea",)]),
    ],
)  # fmt: skip
def test_queries_see_the_tables(reader: Reader, sql: str, rows: list[tuple]) -> None:
    assert reader.execute(sql).fetchall() == rows


def test_parameters_and_the_look_of_a_table(reader: Reader) -> None:
    assert reader.execute("select count(*) from transfers where supplier_id = ?", ["PRK"]).fetchall() == [(1,)]
    assert ("transfers",) in reader.execute("show tables").fetchall()
    assert reader.execute("describe transfers").fetchall()[0][0] == "transfer_id"


REFUSED = [
    "create table x as select 1",
    "create temp table x as select 1",
    "create view x as select 1",
    "create macro f() as 1",
    "insert into transfers select * from transfers",
    "update transfers set status = 'seized'",
    "delete from transfers",
    "drop view transfers",
    "alter view transfers rename to t",
    "copy transfers to '/tmp/materiel-out.csv'",
    "copy (select 1 as a) to '{release}/transfers.parquet' (use_tmp_file false)",
    "explain analyze copy (select 1 as a) to '{release}/transfers.parquet' (use_tmp_file false)",
    "export database '/tmp/materiel-out'",
    "attach '/tmp/materiel-out.duckdb'",
    "attach ':memory:' as m",
    "detach memory",
    "use memory",
    "install httpfs",
    "load httpfs",
    "set threads = 1",
    "set enable_external_access = true",
    "reset lock_configuration",
    "pragma threads = 1",
    "pragma enable_external_access",
    "set variable a = 1",
    "call force_checkpoint()",
    "vacuum",
    "begin",
    "prepare p as select 1",
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from read_parquet('{release}/../../documents/*.parquet')",
    "select * from '/etc/passwd'",
    "select * from glob('/etc/*')",
    "select * from read_parquet('https://example.org/a.parquet')",
    "select * from query('drop view transfers')",
    "select 1; drop view transfers",
    "select * from nothing",
    "selec 1",
    "",
    "-- nothing",
]


def test_a_script_is_taken_apart_by_its_statements(reader: Reader) -> None:
    parts = reader.statements("select 1; -- ; a note\nselect 'a;\nb' ;;")
    assert [reader.execute(part).fetchall() for part in parts] == [[(1,)], [("a;\nb",)]]
    assert reader.statements("") == []


def test_text_that_is_not_utf_8_is_refused(reader: Reader) -> None:
    for call in (reader.execute, reader.statements):
        with pytest.raises(QueryError, match="not UTF-8 at character 9"):
            call("select '\udcff'")
    with pytest.raises(QueryError, match="not UTF-8"):
        reader.execute("select ?", ["\udcff"])


@pytest.mark.parametrize("sql", REFUSED)
def test_whatever_is_not_a_select_over_the_release_is_refused(lake: Lake, reader: Reader, sql: str) -> None:
    release = current_release(lake.root)
    before = {path.name: (path.stat().st_size, path.stat().st_mtime_ns) for path in release.iterdir()}
    with pytest.raises(QueryError) as caught:
        reader.execute(sql.format(release=release)).fetchall()
    assert str(caught.value)
    assert "\n" not in str(caught.value)
    assert {path.name: (path.stat().st_size, path.stat().st_mtime_ns) for path in release.iterdir()} == before
    assert not list(Path("/tmp").glob("materiel-out*"))
    assert reader.execute("select count(*) from transfers").fetchall() == [(2,)]


def test_the_dictionary_names_every_column(lake: Lake) -> None:
    tables = describe(current_release(lake.root))
    page = data_dictionary(tables)
    for table in tables:
        assert f"## {table.name}" in page
        assert all(f"| `{column.name}` | {column.type} | " in page for column in table.columns)
