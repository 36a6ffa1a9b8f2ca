from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from outside_world import Recorder, World, names, outside_world

from flows.fetch import FetchFailure, Outcome, Outside, PageRequest, fetch_all
from flows.guard import BAD_PORTS, allowed_hosts, kind_of, target_of
from flows.inputs import Received
from flows.settings import Settings

HOSTILE = Path(__file__).resolve().parent.parent.parent / "shared" / "real" / "hostile"
SETTINGS = Settings(timeout=1.0, spacing=0.0, retry_delay=0.01, attempts=1)

# Names that the test's name service knows: each leads where no page is.
INNER_NAMES = {
    "loop.attacker.example": ["127.0.0.1"],
    "loop6.attacker.example": ["::1"],
    "mapped.attacker.example": ["::ffff:127.0.0.1"],
    "private.attacker.example": ["10.1.2.3"],
    "mixed.attacker.example": ["8.8.8.8", "192.168.1.1"],
    "mixed6.attacker.example": ["2606:4700::1111", "fe80::1"],
    "meta.attacker.example": ["169.254.169.254"],
    "scoped.attacker.example": ["fe80::1%eth0"],
    "none.attacker.example": [],
    "odd.attacker.example": ["not an address"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
    "localhost": ["127.0.0.1"],
    "printer": ["192.168.0.9"],
}

SAME_HOST = ("127.0.0.1", "127.1", "127.0.1", "2130706433", "017700000001", "0x7f000001", "0x7f.1", "0177.0.0.1",
             "0177.0x0.0.01", "0x7f.0x0.0x0.0x1", "127.00.00.01", "00000177.1", "127.127.127.127",
             "127.0.0.1.", "0X7F.1",
             "4294967295", "0", "00", "0x0", "0.0.0.0", "999999999999", "256.1.1.1", "1.2.3.4.5",
             "1..1", "127.0.0.08")  # fmt: skip
OTHER_HOSTS = (
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "169.254.169.254", "169.254.0.1",
    "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "100.64.0.1",
    "100.100.100.200", "100.127.255.255",
    "168.63.129.16", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.7",
    "203.0.113.9", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255", "0.1.2.3",
    "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "[2001::1]",
    "[2001:db8::1]", "[3fff::1]", "[fe80::1]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[fec0::1]", "[fc00::1]",
    "[fd00:ec2::254]", "[fd20:ce::254]", "[ff02::1]", "[100::1]", "[5f00::1]", "[2606:4700::5efe:127.0.0.1]",
    "[2606:4700::200:5efe:10.0.0.1]", "[v1.x]", "[::1", "[::ffff:0x7f.1]", "[127.0.0.1]",
)  # fmt: skip
OTHER_NAMES = (
    "localhost", "LOCALHOST", "localhost.", "app.localhost", "localhost.localdomain", "router.local", "db.internal",
    "metadata.google.internal", "METADATA.google.internal.", "metadata", "metadata.goog", "instance-data", "nas.lan",
    "host.home.arpa", "hidden.onion", "127。0。0。1", "１２７.0.0.1", "①②⑦.0.0.1", "loc%61lhost",
    "localhost%00.example",
    "127.0.0.1%2f.example", "a b", "-", "", ".", "a..b", "xn--", "xn--a-.example",
    "a" * 64 + ".example", "a." * 130 + "b",
)  # fmt: skip
WHOLE_URLS = (
    "http:127.0.0.1/", "http:/127.0.0.1/", "http:///127.0.0.1/", "//127.0.0.1/", "http://user@8.8.8.8/",
    "http://user:secret@8.8.8.8/", "http://:secret@8.8.8.8/", "http://8.8.8.8:80@127.0.0.1/",
    "http://127.0.0.1\\@8.8.8.8/",
    "http://8.8.8.8\\@127.0.0.1/", "http://8.8.8.8#@127.0.0.1\x00/", "http://8.8.8.8 &@127.0.0.1# @10.0.0.1/",
    "http://127.0.0.1:80:80/", "http://8.8.8.8:99999/", "http://8.8.8.8:0/", "http://8.8.8.8:-1/", "http://8.8.8.8:22/",
    "http://8.8.8.8:25/", "http://8.8.8.8:6667/", "https://8.8.8.8:6000/", "ftp://8.8.8.8/",
    "gopher://127.0.0.1:25/_MAIL",
    "file:///etc/passwd", "file://127.0.0.1/etc/passwd", "dict://127.0.0.1:11211/stats", "jar:http://127.0.0.1!/",
    "data:text/html,hello", "javascript:alert(1)", "HTTP://127.0.0.1/", "http://\t127.0.0.1/",
    "http://127.0.0.1\r\nX: 1/",
    "http://8.8.8.8/" + "a" * 9_000, "", " ", "http", "http://", "ldap://localhost/", "ws://127.0.0.1/",
)  # fmt: skip
FORMS = [
    *(f"http://{host}/" for host in (*SAME_HOST, *OTHER_HOSTS, *OTHER_NAMES, *INNER_NAMES)),
    *(f"https://{host}:8443/latest" for host in OTHER_HOSTS[:12]),
    *WHOLE_URLS,
]


@pytest.fixture
def world() -> Iterator[World]:
    with outside_world() as running:
        yield running


def outcome_and_contacts(url: str, settings: Settings = SETTINGS) -> tuple[Outcome, list[tuple[str, int]]]:
    recorder = Recorder()
    [(_, outcome)] = fetch_all([PageRequest(url)], settings, Outside(names(INNER_NAMES), recorder))
    return outcome, recorder.contacted


def test_the_table_of_forms_is_long() -> None:
    assert len(set(FORMS)) > 150


@pytest.mark.parametrize("url", FORMS, ids=lambda url: ascii(url)[:50])
def test_no_form_of_an_address_reaches_what_is_not_public(url: str) -> None:
    outcome, contacted = outcome_and_contacts(url)
    assert contacted == [], "nothing at all is contacted, whatever the reason given"
    assert isinstance(outcome, FetchFailure)
    assert outcome.reject.reason in {"refused_address", "refused_port", "bad_url", "unsupported_scheme", "unreachable"}
    assert outcome.reject.reason != "unreachable" or url in {
        "http://none.attacker.example/",
        "http://xn--/",
        "http://-/",
    }


@pytest.mark.parametrize("url", FORMS, ids=lambda url: ascii(url)[:50])
def test_no_redirect_reaches_what_is_not_public(world: World, url: str) -> None:
    """The server itself is allowed; where it sends us is not."""
    recorder = Recorder()
    if "#" in url:
        pytest.skip("without its control character this is a public address")
    location = re.sub(r"[\x00-\x1f]", "", url).encode("utf-8").decode("latin-1")
    world.add("/out", b"", status=302, Location=location)
    settings = SETTINGS.with_options(allow_hosts=f"127.0.0.1:{world.port}")
    list(fetch_all([PageRequest(world.url("/out"))], settings, Outside(names(INNER_NAMES), recorder)))
    assert set(recorder.contacted) == {("127.0.0.1", world.port)}


def test_a_guard_that_sees_only_the_url_is_not_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the check of URLs fails, what stands at the socket refuses all the same."""
    monkeypatch.setattr("flows.guard.check_host", lambda *_: None)
    for host in ("127.0.0.1", "2130706433", "0x7f.1", "localhost", "10.0.0.1", "[::1]", "[64:ff9b::7f00:1]"):
        outcome, contacted = outcome_and_contacts(f"http://{host}/")
        assert isinstance(outcome, FetchFailure) and contacted == [], host


def test_where_both_guards_fail_the_recorder_tells() -> None:
    """The test itself would see a contact: everything is allowed here."""
    outcome, contacted = outcome_and_contacts("http://10.0.0.1/", SETTINGS.with_options(allow_hosts="10.0.0.0/8"))
    assert isinstance(outcome, FetchFailure) and outcome.reject.reason == "unreachable"
    assert contacted == [("10.0.0.1", 80)]


def test_a_name_that_changes_its_address_is_not_asked_twice(world: World) -> None:
    """DNS rebinding: the address that was checked is the one that is connected to."""
    answers = iter([["8.8.8.8"], ["127.0.0.1"], ["127.0.0.1"]])
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    recorder = Recorder(instead=world.port)
    world.add("/robots.txt", b"", status=404, Connection="close")
    requests = [PageRequest("http://rebind.example/page")]
    [(_, outcome)] = fetch_all(requests, SETTINGS, Outside(rebinding, recorder))
    assert recorder.contacted[0] == ("8.8.8.8", 80)
    assert ("127.0.0.1", 80) not in recorder.contacted
    assert len(asked) == len(recorder.contacted) + (0 if isinstance(outcome, Received) else 1)


def test_a_public_name_is_connected_to_by_address_and_asked_by_name(world: World) -> None:
    recorder = Recorder(instead=world.port)
    outside = Outside(names({"news.example": ["2606:4700::1111", "8.8.8.8"]}), recorder)
    [(_, outcome)] = fetch_all([PageRequest("http://News.Example:8080/page")], SETTINGS, outside)
    assert isinstance(outcome, Received)
    assert set(recorder.contacted) == {("2606:4700::1111", 8080)}
    assert {asked.headers["host"] for asked in world.log} == {"news.example:8080"}


def test_the_certificate_is_checked_for_the_name(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    seen: list[tuple[object, bool, int]] = []
    real = ssl.SSLContext.wrap_bio

    def wrap(self: ssl.SSLContext, *args: object, **named: object) -> object:
        seen.append((named.get("server_hostname"), self.check_hostname, self.verify_mode))
        return real(self, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(ssl.SSLContext, "wrap_bio", wrap)
    outside = Outside(names({"news.example": ["8.8.8.8"]}), Recorder(instead=world.port))
    list(fetch_all([PageRequest("https://news.example/page")], SETTINGS, outside))
    assert seen == [(b"news.example", True, ssl.CERT_REQUIRED)]


@pytest.mark.parametrize(
    ("allowed", "is_reached"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:{port}", True),
        ("127.0.0.1:1", False),
        ("127.0.0.0/8", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.0/8, localhost", False),
        ("", False),
    ],
)
def test_an_operator_allows_by_address(world: World, allowed: str, is_reached: bool) -> None:
    settings = SETTINGS.with_options(allow_hosts=allowed.format(port=world.port))
    outcome, contacted = outcome_and_contacts(world.url("/page"), settings)
    assert (isinstance(outcome, Received), bool(contacted)) == (is_reached, is_reached)


def test_an_operator_allows_by_name(world: World) -> None:
    url = f"http://localhost:{world.port}/page"
    for allowed, is_reached in {"localhost": True, f"LocalHost:{world.port}": True, "localhost:1": False}.items():
        outcome, _ = outcome_and_contacts(url, SETTINGS.with_options(allow_hosts=allowed))
        assert isinstance(outcome, Received) == is_reached, allowed
    # A name that is allowed opens no other name with the same address.
    other = f"http://loop.attacker.example:{world.port}/page"
    assert not isinstance(outcome_and_contacts(other, SETTINGS.with_options(allow_hosts="localhost"))[0], Received)


def test_metadata_services_are_opened_by_their_very_address_only() -> None:
    url = "http://169.254.169.254/latest/"
    for allowed, contacts in {"0.0.0.0/0": 0, "169.254.0.0/16": 0, "169.254.169.254": 1}.items():
        assert len(outcome_and_contacts(url, SETTINGS.with_options(allow_hosts=allowed))[1]) == contacts, allowed
    by_name = SETTINGS.with_options(allow_hosts="meta.attacker.example")
    assert outcome_and_contacts("http://meta.attacker.example/", by_name)[1] == []


def test_a_bad_port_is_opened_by_naming_it() -> None:
    assert len(BAD_PORTS) > 80
    assert outcome_and_contacts("http://127.0.0.1:6000/", SETTINGS.with_options(allow_hosts="127.0.0.1"))[1] == []
    contacts = outcome_and_contacts("http://127.0.0.1:6000/", SETTINGS.with_options(allow_hosts="127.0.0.1:6000"))[1]
    assert contacts == [("127.0.0.1", 6000)]


def test_public_addresses_are_public() -> None:
    public = ("8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1",
              "169.253.0.1", "9.9.9.9",
              "192.0.1.1", "198.17.0.1", "198.20.0.1", "223.255.255.255", "2606:4700::1111",
              "2a00:1450::1", "2400:cb00::1",
              "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8")  # fmt: skip
    assert [text for text in public if kind_of(ipaddress.ip_address(text))] == []


def test_nothing_is_public_that_the_standard_library_takes_for_inner() -> None:
    """A second opinion, over the borders of every network that the guard knows and some more."""
    doubtful = ("::ffff:0:0/96", "64:ff9b::/96")
    for number in (*range(0, 2**32, 2**20 + 7919),):
        address = ipaddress.IPv4Address(number)
        assert address.is_global or kind_of(address), address
    for head in range(0, 0x10000, 3):
        address6 = ipaddress.IPv6Address((head << 112) + 1)
        skipped = any(address6 in ipaddress.ip_network(network) for network in doubtful)
        assert skipped or address6.is_global or kind_of(address6), address6


@pytest.mark.parametrize(
    "entry", ["10.0.0.0/33", "a b", "host:0", "host:99999", "host:x", "[::1", "[::1]x", "127.1", "http://x"]
)
def test_an_entry_that_allows_nothing_is_an_error(entry: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(entry))):
        allowed_hosts(f"good.example, {entry}")


def test_a_url_leads_where_the_client_goes() -> None:
    target = target_of("HTTPS://News.Example.:443/a?b#c", allowed_hosts(""))
    assert (target.scheme, target.host, target.port, target.url.fragment) == ("https", "news.example", 443, "")
    assert target_of("http://bücher.example/", allowed_hosts("")).host == "xn--bcher-kva.example"


@pytest.mark.skipif(not HOSTILE.exists(), reason="the collections of hostile input are not here")
def test_forms_that_others_have_collected() -> None:
    urls: set[str] = set()
    for name in (
        "ssrf/README.md",
        "ssrf_payloads/README.md",
        "ssrf_payloads/SSRF-Cloud-Instances.md",
        "urltests/url/tests/urltestdata.json",
    ):
        urls |= set(re.findall(r"\b(?:https?|ftp|file|gopher|dict)[:][^\s`\"')]+", (HOSTILE / name).read_text("utf-8")))
    assert len(urls) > 300
    recorder = Recorder()
    outcomes = dict(fetch_all(map(PageRequest, sorted(urls)), SETTINGS, Outside(names(INNER_NAMES), recorder)))
    assert len(outcomes) == len(urls)
    assert all(isinstance(outcome, FetchFailure) for outcome in outcomes.values())
    assert [host for host, _ in recorder.contacted if kind_of(ipaddress.ip_address(host))] == []
