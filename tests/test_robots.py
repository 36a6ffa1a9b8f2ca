from __future__ import annotations

import itertools
import tarfile
import time
from pathlib import Path

import pytest

from flows.robots import MAX_BYTES, PRODUCT_TOKEN, parse_rules

COLLECTED = Path(__file__).resolve().parent.parent.parent / "shared" / "real" / "hostile" / "robots-protego.tar.gz"
SITE = "https://news.example"


def allows(text: str, path: str = "/a/page.html") -> bool:
    return parse_rules(text.encode()).allows(SITE + path)


@pytest.mark.parametrize(
    ("text", "is_allowed"),
    [
        ("", True),
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow:", True),
        ("user-agent:*\ndisallow:/", False),
        ("\ufeffUser-agent: *\r\nDisallow: /a", False),
        ("User-agent: *\rDisallow: /a", False),
        ("User-agent: *  # everybody\nDisallow: /a # this", False),
        # The longest match decides, and of equal ones the kinder (RFC 9309, 2.2.2).
        ("User-agent: *\nDisallow: /a\nAllow: /a/page", True),
        ("User-agent: *\nAllow: /a\nDisallow: /a/page", False),
        ("User-agent: *\nDisallow: /a/page.html\nAllow: /a/page.html", True),
        ("User-agent: *\nDisallow: /*.html$", False),
        ("User-agent: *\nDisallow: /*.htm$", True),
        ("User-agent: *\nDisallow: /A/", True),
        # Our own group goes before that of everybody (2.2.1), wherever it stands, and groups are merged.
        ("User-agent: materiel\nDisallow:\n\nUser-agent: *\nDisallow: /", True),
        ("User-agent: *\nDisallow:\n\nUser-agent: MATERIEL\nDisallow: /", False),
        ("User-agent: materiel/1.0\nDisallow: /", False),
        ("User-agent: materiel (batch)\nDisallow: /", False),
        ("User-agent: one\nUser-agent: materiel\nUser-agent: two\nDisallow: /", False),
        ("User-agent: materiel\nDisallow: /b\n\nUser-agent: x\nDisallow:\n\nUser-agent: materiel\nDisallow: /a", False),
        # The token counts whole: these are others.
        ("User-agent: mat\nDisallow: /", True),
        ("User-agent: materiel-news\nDisallow: /", True),
        ("User-agent: materielbot\nDisallow: /", True),
        ("User-agent: bot\nDisallow: /", True),
        ("User-agent: *WordPress*\nDisallow: /", True),
        ("User-agent: *\nDisallow: /b\n\nUser-agent: *MLBot*\nDisallow: /", True),
        ("User-agent: bot\nDisallow: /\nSitemap: https://news.example/s.xml\nUser-agent: *\nDisallow: /b", True),
        ("Disallow: /", True),
    ],
)
def test_rules_as_rfc_9309_has_them(text: str, is_allowed: bool) -> None:
    assert allows(text) == is_allowed


def test_percent_encoding_makes_no_difference() -> None:
    assert not allows("User-agent: *\nDisallow: /käse", "/k%C3%A4se")
    assert not allows("User-agent: *\nDisallow: /k%c3%a4se", "/käse")


def test_a_rule_has_an_addressee() -> None:
    assert parse_rules(b"User-agent: *\nDisallow: /").addressee == "*"
    assert parse_rules(b"User-agent: *\nUser-agent: Materiel\nDisallow: /").addressee == PRODUCT_TOKEN


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("User-agent: *\nCrawl-delay: 10", 10.0),
        ("User-agent: *\nCrawl-delay: 0.5", 0.5),
        ("User-agent: *\nCrawl-delay: 10\n\nUser-agent: materiel\nDisallow: /x", 0.0),
        ("User-agent: other\nCrawl-delay: 10", 0.0),
        ("User-agent: *\nRequest-rate: 1/20s", 20.0),
        ("User-agent: *\nCrawl-delay: nan", 0.0),
        ("User-agent: *\nCrawl-delay: -3", 0.0),
        ("User-agent: *\nCrawl-delay: soon", 0.0),
    ],
)
def test_the_pace_that_a_host_asks_for(text: str, seconds: float) -> None:
    assert parse_rules(text.encode()).spacing == seconds


def test_what_lies_behind_500_kib_does_not_count() -> None:
    rule = b"\nUser-agent: *\nDisallow: /\n"
    assert not parse_rules(b"#" * (MAX_BYTES - len(rule)) + rule).allows(f"{SITE}/a")
    assert parse_rules(b"#" * MAX_BYTES + rule).allows(f"{SITE}/a")


@pytest.mark.parametrize(
    "content", [b"\x00" * 1000, b"\xff\xfe\x00", bytes(range(256)) * 50, b"<html>" * 1000, b":" * 9999]
)
def test_any_bytes_are_a_robots_txt(content: bytes) -> None:
    assert parse_rules(content).allows(f"{SITE}/a")


def test_a_file_that_multiplies_agents_by_rules_is_read_in_bounded_time() -> None:
    agents = "".join(f"User-agent: a{number}\n" for number in range(12_000))
    rules = "".join(f"Disallow: /{number}\n" for number in range(12_000))
    started = time.perf_counter()
    assert parse_rules((agents + rules + "User-agent: *\n" + rules[:50_000]).encode()).allows(f"{SITE}/x")
    assert time.perf_counter() - started < 10, "a safeguard against hours, not a measurement"


def test_wildcards_are_matched_in_bounded_time() -> None:
    text = "User-agent: *\n" + f"Disallow: /{'*a' * 200}*b\n" * 500
    started = time.perf_counter()
    assert parse_rules(text.encode()).allows(f"{SITE}/{'a' * 2_000}")
    assert time.perf_counter() - started < 10


@pytest.mark.skipif(not COLLECTED.exists(), reason="the collection of robots.txt files is not here")
def test_files_of_real_hosts_are_read() -> None:
    """None fails, and grouping the agents first changes no decision about a path that the file names."""
    from protego import Protego

    read = compared = 0
    with tarfile.open(COLLECTED) as archive:
        for member in archive:
            file = archive.extractfile(member) if "/test_data/" in member.name else None
            if file is None:
                continue
            content = file.read()
            rules = parse_rules(content)
            read += 1
            assert 0.0 <= rules.spacing < 1e9
            if read % 10 or len(content) > 20_000:
                continue
            plain = Protego.parse(content[:MAX_BYTES].decode("utf-8-sig", "replace"))
            paths = [
                line.partition(":")[2].split("#")[0].strip() for line in content.decode("utf-8", "replace").splitlines()
            ]
            for path in itertools.islice((p for p in paths if p.startswith("/")), 30):
                url = SITE + path.replace("*", "x").replace("$", "")
                assert rules.allows(url) == plain.can_fetch(url, PRODUCT_TOKEN), (member.name, path)
                compared += 1
    assert read > 4_000 and compared > 1_000
