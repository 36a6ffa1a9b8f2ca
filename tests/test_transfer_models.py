"""How claims become transfers and tables for analysts, rule by rule, over small lakes made by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
from small_lake import VERSION, Rows, write_lake, write_seeds

from flows.lake import Lake
from flows.model import build_models, database_path

Query = Callable[[str], list[tuple]]


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    """SQL over the tables of one lake; each rule has a pair of parties or a kind of materiel of its own."""
    rows = Rows()
    _deals(rows)
    _flows(rows)
    _gaps(rows)
    _sources(rows)
    _posts_and_relations(rows)
    lake: Lake = write_lake(tmp_path_factory.mktemp("transfers"), rows)
    build_models(lake.root, VERSION, VERSION, write_seeds(tmp_path_factory.mktemp("seeds")))

    def run(sql: str) -> list[tuple]:
        with duckdb.connect(str(database_path(lake)), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return run


def tell(rows: Rows, day: str | None, supplier: str | None, recipient: str | None, n: float | None = None, **fields):
    """A report of its own on one claim."""
    outlet = fields.pop("outlet", "Daily")
    text = f"{day} {outlet} {supplier} {recipient} {n} {sorted(fields.items(), key=str)}"
    document = rows.document(text, f"https://{outlet.lower()}.example/{len(rows.documents)}", day, outlet=outlet)
    numbers = {} if n is None else {"quantity_low": n, "quantity_high": n, "quantity_unit": "tank"}
    return rows.transfer(document, supplier, recipient, **{**numbers, **fields})


def _deals(rows: Rows) -> None:
    """Tanks: two contracts, with plans, deliveries, a delay and a denial."""
    tanks = {"category": "battle_tank", "materiel": "tanks"}
    tell(rows, "2020-01-01", "PRK", "IRN", 100, status="planned", **tanks)
    tell(rows, "2020-06-01", "PRK", "IRN", 100, status="ordered", value_amount=2e8, value_currency="USD", **tanks)
    tell(rows, "2021-01-01", "PRK", "IRN", 20, status="delivered", date_end=date(2020, 12, 24), **tanks)
    tell(rows, "2021-02-01", "PRK", "IRN", status="suspended", outlet="Herald", **tanks)
    tell(rows, "2021-03-01", "PRK", "IRN", status="ordered", factuality="CT-", attribution="IRN", **tanks)
    tell(rows, "2022-01-01", "PRK", "IRN", 40, status="ordered", value_amount=9e7, value_currency="USD", **tanks)
    tell(rows, "2022-02-01", "PRK", "IRN", status="ordered", value_amount=9.1e7, value_currency="USD", **tanks)
    tell(rows, "2022-03-01", "PRK", "IRN", 100, status="delivered", **tanks)
    tell(rows, "2022-04-01", "PRK", "IRN", 7, status="cancelled", **tanks)
    # A pledge that is raised.
    tell(rows, "2020-01-01", "USA", "UKR", 14, status="planned", **tanks)
    tell(rows, "2020-03-01", "USA", "UKR", 18, status="planned", **tanks)
    tell(rows, "2020-04-01", "USA", "UKR", 18, status="delivered", attribution="UKR", **tanks)


def _flows(rows: Rows) -> None:
    """Shells: a total that grows, and the same again years later. Seizures on two days."""
    shells = {"category": "ammunition", "materiel": "shells", "quantity_unit": "container"}
    tell(rows, "2020-06-01", "PRK", "RUS", quantity_low=11000.0, **shells)
    tell(rows, "2020-08-01", "PRK", "RUS", quantity_low=13000.0, **shells)
    tell(rows, "2024-08-01", "PRK", "RUS", quantity_low=500.0, **shells)
    for day in ("2023-02-23", "2023-02-24", "2023-06-27"):
        tell(rows, day, "IRN", "UKR", category="small_arms", status="seized")


def _gaps(rows: Rows) -> None:
    """Claims that leave something out."""
    tell(rows, "2020-01-01", "IRN", "USA", weapon="KN-23", basis="inferred")
    tell(rows, "2020-01-02", "IRN", "USA", materiel="missiles")
    tell(rows, "2020-01-03", None, "USA", weapon="KN-23")
    tell(rows, "2020-01-04", "IRN", "USA", category="unspecified", materiel="arms")
    # Two suppliers of jets: the claim that names none stays by itself.
    jets = {"category": "combat_aircraft", "materiel": "jets", "status": "ordered"}
    tell(rows, "2020-01-01", "USA", "RUS", **jets)
    tell(rows, "2020-01-01", "IRN", "RUS", **jets)
    tell(rows, "2020-01-02", None, "RUS", **jets)
    # A company is its state, and so is an organ.
    tell(rows, "2021-01-01", "lockheed-martin", "IRN", weapon="F-16", **jets)
    tell(rows, "2021-01-02", "USA", "iranian-army", weapon="F-16", **jets)
    tell(rows, "2021-01-02", "lockheed-martin", "IRN", weapon="F-16C", **jets)
    rows.mention(rows.documents[-2], "iranian-army", "Iranian Army", "state_organ", "IRN")


def _sources(rows: Rows) -> None:
    """One pair per degree of corroboration, all of uncrewed boats."""
    boats = {"category": "uav", "materiel": "boats"}
    # Five papers that cite a sixth, itself, and one that cites another who cites it: one source, seven outlets.
    for number in range(5):
        tell(rows, "2020-01-02", "PRK", "UKR", outlet=f"Paper{number}", attribution="tv-chosun", **boats)
    tell(rows, "2020-01-01", "PRK", "UKR", outlet="TV Chosun", **boats)
    tell(rows, "2020-01-03", "PRK", "UKR", outlet="Seventh", attribution="reuters > tv-chosun", **boats)
    # Two sources; a denial makes it disputed; a party that says so itself outweighs that.
    for recipient in ("IRN", "USA", "RUS"):
        tell(rows, "2020-01-01", "PRK", recipient, outlet="One", **boats)
        tell(rows, "2020-01-02", "PRK", recipient, outlet="Two", factuality="PR+", **boats)
    for recipient in ("USA", "RUS"):
        tell(rows, "2020-01-03", "PRK", recipient, outlet="Three", factuality="CT-", attribution="PRK", **boats)
    tell(rows, "2020-01-04", "PRK", "RUS", outlet="Four", attribution="RUS", **boats)
    tell(rows, "2020-01-01", "IRN", "UKR", factuality="PS+", **boats)
    tell(rows, "2020-01-01", "IRN", "RUS", factuality="Uu", **boats)
    tell(rows, "2020-01-01", "USA", "RUS", factuality="PR-", attribution="a diplomat", **boats)


def _posts_and_relations(rows: Rows) -> None:
    for day, is_current in (("2020-01-01", True), ("2020-05-01", True), ("2022-01-01", False)):
        document = rows.document(f"Jane Doe, minister, {day}.", f"post/{day}", day)
        row = rows.affiliation(document, "jane-doe", "Jane Doe", "Minister", "IRN")
        if not is_current:
            rows.affiliations[-1] = replace(row, is_current=False)
        rows.relation(document, "IRN", "consult", "PRK", factuality="CT+" if is_current else "CT-")


def test_a_deal_holds_its_plan_its_deliveries_and_its_denial(query: Query) -> None:
    columns = "quantity_low, quantity_high, status, status_history, n_claims, n_denials, denied_by, value_amount"
    assert query(
        f"select {columns} from transfers where supplier_id = 'PRK' and recipient_id = 'IRN' "
        "and category = 'battle_tank' order by first_reported_on"
    ) == [
        (
            20, 100, "delivered",
            "planned 2020-01-01;ordered 2020-06-01;delivered 2021-01-01;suspended 2021-02-01",
            6, 1, "IRN", 2e8,
        ),
        (40, 40, "ordered", "ordered 2022-01-01", 2, 0, None, 9.1e7),
        (7, 7, "cancelled", "cancelled 2022-04-01", 1, 0, None, None),
    ]  # fmt: skip


def test_a_pledge_that_is_raised_is_one_transfer(query: Query) -> None:
    columns = "quantity_low, quantity_high, status, corroboration"
    where = "supplier_id = 'USA' and recipient_id = 'UKR' and category = 'battle_tank'"
    assert query(f"select {columns} from transfers where {where}") == [(14, 18, "delivered", "confirmed")]


def test_a_total_that_grows_is_one_flow_until_reports_cease(query: Query) -> None:
    rows = query(
        "select quantity_low, n_claims from transfers where category = 'ammunition' order by first_reported_on"
    )
    assert rows == [(11000, 2), (500, 1)]


def test_seizures_are_told_apart_by_day(query: Query) -> None:
    rows = query("select n_claims from transfers where status = 'seized' order by first_reported_on")
    assert rows == [(2,), (1,)]


def test_what_a_claim_leaves_out_is_what_the_others_tell(query: Query) -> None:
    rows = query("select supplier_id, category, weapon, n_claims from transfers where recipient_id = 'USA'")
    assert ("IRN", "missile", "KN-23", 4) in rows
    jets = "select supplier_id, n_claims from transfers where recipient_id = 'RUS' and category = 'combat_aircraft'"
    assert query(f"{jets} order by 1 nulls last") == [("IRN", 1), ("USA", 1), (None, 1)]


def test_a_company_and_an_organ_count_as_their_state(query: Query) -> None:
    columns = "supplier_id, supplier_party_id, recipient_id, recipient_party_id, n_claims"
    rows = query(f"select {columns} from transfers where weapon = 'F-16'")
    assert rows == [("lockheed-martin", "USA", "IRN", "IRN", 3)]
    assert ("USA", "IRN") in query("select source, target from network_edges")


@pytest.mark.parametrize(
    ("pair", "grade", "n_sources", "n_outlets"),
    [
        ("PRK UKR", "single_source", 1, 7),
        ("PRK IRN", "corroborated", 2, 2),
        ("PRK USA", "disputed", 2, 3),
        ("PRK RUS", "confirmed", 3, 4),
        ("IRN UKR", "uncertain", 1, 1),
        ("IRN RUS", "supposed", 1, 1),
        ("USA RUS", "denied", 1, 1),
    ],
)
def test_corroboration(query: Query, pair: str, grade: str, n_sources: int, n_outlets: int) -> None:
    supplier, recipient = pair.split()
    where = f"supplier_id = '{supplier}' and recipient_id = '{recipient}' and category = 'uav'"
    columns = "corroboration, n_sources, n_outlets"
    assert query(f"select {columns} from transfers where {where}") == [(grade, n_sources, n_outlets)]


def test_links_show_who_stands_on_which_side_and_what_a_claim_sets(query: Query) -> None:
    rows = query(
        "select l.stance, l.is_basis, l.sets, l.told_by from transfer_claim_links as l "
        "join transfers as t using (transfer_id) join transfer_claims as c using (claim_id) "
        "where t.supplier_id = 'PRK' and t.recipient_id = 'IRN' and t.value_amount = 2e8 order by c.published_on"
    )
    assert [row[:2] for row in rows] == [("asserts", True)] * 4 + [("denies", False), ("asserts", True)]
    assert [row[3] for row in rows] == ["daily", "daily", "daily", "herald", "IRN", "daily"]
    sets = [(row[2] or "").split(";") for row in rows]
    assert sets[0][0] == "transfer_id"
    assert sets[2] == ["status", "quantity_low"]
    assert sum("quantity_high" in names for names in sets) == 1


def test_a_timeline_advances_with_assertions_only(query: Query) -> None:
    rows = query(
        "select e.position, e.reported_on, e.status, e.stance, e.quantity_low, e.is_advance "
        "from transfer_timeline as e join transfers as t using (transfer_id) "
        "where t.supplier_id = 'PRK' and t.recipient_id = 'IRN' and t.value_amount = 2e8 order by 1"
    )
    assert rows == [
        (1, date(2020, 1, 1), "planned", "asserts", 100, True),
        (2, date(2020, 6, 1), "ordered", "asserts", 100, True),
        (3, date(2021, 1, 1), "delivered", "asserts", 20, True),
        (4, date(2021, 2, 1), "suspended", "asserts", None, False),
        (5, date(2021, 3, 1), "ordered", "denies", None, False),
        (6, date(2022, 3, 1), "delivered", "asserts", 100, False),
    ]


def test_the_register_has_orders_and_deliveries(query: Query) -> None:
    columns = "recipient, supplier, year_of_order, number_ordered, first_year_of_delivery, last_year_of_delivery, "
    columns += "number_delivered, comments"
    assert query(f"select {columns} from trade_register where value_amount = 2e8") == [
        ("Iran", "North Korea", 2020, 100, 2020, 2022, 100, "corroboration: disputed; denied by IRN")
    ]
    assert query("select count(*) from trade_register where supplier_id = 'USA' and category = 'uav'") == [(0,)]


def test_bilateral_flows_sum_transfers_by_year(query: Query) -> None:
    columns = "year, n_transfers, n_delivered, n_disputed, n_claims, quantities, amounts"
    where = "supplier_id = 'PRK' and recipient_id = 'IRN' and category = 'battle_tank'"
    assert query(f"select {columns} from bilateral_flows where {where} order by year") == [
        (2020, 1, 1, 1, 6, "20 tank", "200000000 USD"),
        (2022, 2, 0, 0, 3, "47 tank", "91000000 USD"),
    ]


def test_edges_are_the_sums_of_the_flows(query: Query) -> None:
    columns = "type, weight, n_delivered, categories, first_year, last_year"
    assert query(f"select {columns} from network_edges where source = 'PRK' and target = 'IRN'") == [
        ("Directed", 4, 2, "battle_tank;uav", 2020, 2022)
    ]


def test_outlets_are_counted_by_who_was_first_and_who_is_contradicted(query: Query) -> None:
    columns = "outlet_id, n_transfers, n_shared, n_first, n_contradicted"
    rows = {row[0]: row[1:] for row in query(f"select {columns} from outlets")}
    assert rows["tv-chosun"] == (1, 1, 1, 0)
    assert rows["paper0"] == (1, 1, 0, 0)
    assert rows["one"] == (3, 3, 3, 2)
    assert rows["three"] == (2, 2, 0, 2)


def test_weapons_are_seen_with_those_who_use_them(query: Query) -> None:
    columns = "weapon, user_id, n_sightings, n_claims, supplier_ids"
    assert query(f"select {columns} from weapons where user_id = 'USA'") == [("KN-23", "USA", 1, 4, "IRN")]


def test_posts_have_periods(query: Query) -> None:
    assert query("select * exclude (person_name) from affiliation_periods") == [
        ("jane-doe", "IRN", "minister", date(2020, 1, 1), date(2020, 5, 1), date(2022, 1, 1), False, 3)
    ]


def test_relations_are_counted_by_month(query: Query) -> None:
    columns = "month, n_claims, n_sources, n_denials, n_documents"
    assert query(f"select {columns} from actor_relations_by_month order by 1") == [
        (date(2020, 1, 1), 1, 1, 0, 1),
        (date(2020, 5, 1), 1, 1, 0, 1),
        (date(2022, 1, 1), 1, 1, 1, 1),
    ]


def test_actors_count_their_transfers(query: Query) -> None:
    columns = "n_transfers_as_supplier, n_transfers_as_recipient"
    of_table = query(f"select {columns} from actors where actor_id = 'IRN'")
    by_hand = query(
        "select count(*) filter (where supplier_id = 'IRN'), count(*) filter (where recipient_id = 'IRN') "
        "from transfers"
    )
    assert of_table == by_hand
    assert query("select kind from actors where actor_id = 'iranian-army'") == [("state_organ",)]


def test_the_tables_are_the_same_in_any_order_of_the_claims(query: Query, tmp_path: Path) -> None:
    rows = Rows()
    _deals(rows)
    _flows(rows)
    _gaps(rows)
    _sources(rows)
    _posts_and_relations(rows)
    rows.transfer_claims.reverse()
    lake = write_lake(tmp_path, rows, batch_size=3, shuffle=5)
    build_models(lake.root, VERSION, VERSION, write_seeds(tmp_path / "seeds"))
    with duckdb.connect(str(database_path(lake)), read_only=True) as connection:
        for name in ("transfers", "transfer_claim_links", "transfer_timeline", "outlets", "weapons", "bilateral_flows"):
            order = "order by all nulls last"
            assert connection.execute(f"from {name} {order}").fetchall() == query(f"from {name} {order}"), name


def test_a_row_that_leads_to_no_claim_stops_the_release(query: Query) -> None:
    """The test's own SQL finds a row that is put in by hand."""
    sql = (Path(__file__).parents[1] / "sql" / "tests" / "every_row_leads_to_a_claim.sql").read_text(encoding="utf-8")
    names = sorted(set(re.findall(r"ref\('(\w+)'\)", sql)))
    for name in names:
        sql = sql.replace(f"{{{{ ref('{name}') }}}}", name)
    assert query(sql) == []
    tables = {"transfers": "transfer_id", "outlets": "outlet_id", "bilateral_flows": "category", "weapons": "weapon"}
    for table, column in tables.items():
        fault = f"(from {table} union all by name select * replace ('none' as {column}) from (from {table} limit 1))"
        broken = re.sub(rf"'{table}' as mart, (.*)\nfrom {table}\b", rf"'{table}' as mart, \1\nfrom {fault}", sql)
        assert [mart for mart, _ in query(broken)] == [table]
