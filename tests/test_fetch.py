from __future__ import annotations

import gzip
import itertools
import re
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from outside_world import ETAG, LAST_MODIFIED, OUTCOMES, PAGE, Recorder, World, names, outside_world

from flows import compression, fetch
from flows.fetch import (
    MAX_WAITING,
    FetchFailure,
    NotModified,
    Outcome,
    Outside,
    PageRequest,
    fetch_all,
    retry_after,
    retry_delay,
    user_agent,
)
from flows.inputs import BadCompression, Received, TooLarge
from flows.schedule import Host, Schedule
from flows.settings import Settings, SettingsError

SETTINGS = Settings(
    timeout=1.0, max_bytes=100_000, spacing=0.0, retry_delay=0.01, host_failures=1_000, allow_hosts="127.0.0.1"
)


@pytest.fixture
def world() -> Iterator[World]:
    with outside_world() as running:
        yield running


def fetched(url: str, settings: Settings = SETTINGS, **request: object) -> Outcome:
    [(_, outcome)] = fetch_all([PageRequest(url, **request)], settings)  # type: ignore[arg-type]
    return outcome


def name_of(outcome: Outcome) -> str:
    if isinstance(outcome, FetchFailure):
        return outcome.reject.reason
    return "received" if isinstance(outcome, Received) else "not_modified"


def reasons(urls: list[str], settings: Settings = SETTINGS) -> Counter[str]:
    return Counter(name_of(outcome) for _, outcome in fetch_all(map(PageRequest, urls), settings))


# ---------------------------------------------------------------------------------------------- what a page comes to


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_each_kind_of_answer_has_its_outcome(world: World, name: str) -> None:
    started = time.perf_counter()
    outcome = fetched(world.url(f"/{name}/1"), SETTINGS.with_options(timeout=0.3, attempts=2))
    assert name_of(outcome) == OUTCOMES[name]
    assert time.perf_counter() - started < 3.0
    if isinstance(outcome, FetchFailure):
        assert (outcome.reject.source_uri, outcome.reject.step) == (world.url(f"/{name}/1"), "fetch")
        assert re.fullmatch(r"[A-Z].*\.", outcome.reject.detail) and "\n" not in outcome.reject.detail


@pytest.mark.parametrize("name", ["page", "gzip", "deflate", "no-length", "http10", "chunked"])
def test_a_page_comes_back_as_received_and_decompressed(world: World, name: str) -> None:
    received = fetched(world.url(f"/{name}"))
    assert isinstance(received, Received)
    assert received.content == PAGE
    assert (received.body == PAGE) == (name not in ("gzip", "deflate"))
    assert received.status_line == "200 OK"
    assert "content-type" in {key.lower() for key, _ in received.headers}


def test_a_redirect_keeps_the_source_and_tells_the_address(world: World) -> None:
    received = fetched(world.url("/moved"))
    assert isinstance(received, Received)
    assert (received.source_uri, received.url) == (world.url("/moved"), world.url("/page"))
    assert received.media_type == "text/html; charset=utf-8"


def test_five_redirects_are_followed_and_no_more(world: World) -> None:
    for number in range(6):
        world.add(f"/hop/{number}", b"", status=302, Location=f"/hop/{number + 1}")
    world.add("/hop/6", PAGE)
    assert isinstance(fetched(world.url("/hop/1")), Received)
    assert name_of(fetched(world.url("/hop/0"))) == "too_many_redirects"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_leads_to_an_inner_address(world: World, status: int) -> None:
    world.add("/inner", b"", status=status, Location="http://192.168.0.1/")
    assert name_of(fetched(world.url("/inner"))) == "refused_address"


@pytest.mark.parametrize("location", ["http://[v1.x]/", "http://a b/", "//user@x/", "http://2130706433/", "\\\\x"])
def test_a_redirect_that_nobody_can_follow(world: World, location: str) -> None:
    world.add("/odd", b"", status=302, Location=location)
    assert name_of(fetched(world.url("/odd"))) in {"bad_url", "http_status"}


def test_nobody_listens() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        outcome = fetched(f"http://127.0.0.1:{closed.getsockname()[1]}/")
    assert isinstance(outcome, FetchFailure)
    assert (outcome.reject.reason, outcome.is_transient) == ("unreachable", True)


def test_an_unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    outcome = fetched("http://no-such-host.invalid/")
    assert isinstance(outcome, FetchFailure)
    assert (outcome.reject.reason, outcome.is_transient) == ("unreachable", True)
    assert "host name" in outcome.reject.detail


def test_a_certificate_that_nobody_knows(world: World) -> None:
    """The server speaks no TLS at all; the page is not asked for without."""
    outcome = fetched(world.url("/page").replace("http:", "https:"))
    assert name_of(outcome) == "unreachable"
    assert world.paths(robots=True) == []
    assert fetch._fault(ssl.SSLCertVerificationError(), SETTINGS, PageRequest("x")).reason == "bad_certificate"


@pytest.mark.parametrize("url", ["http://[v1.x]/", "http://xn--/", "http://a..b/", "http://" + "a" * 300 + "/"])
def test_a_url_that_no_client_takes_does_not_harm_the_others(world: World, url: str) -> None:
    outcomes = {
        request.url: outcome for request, outcome in fetch_all(map(PageRequest, [url, world.url("/page")]), SETTINGS)
    }
    assert isinstance(outcomes[url], FetchFailure)
    assert isinstance(outcomes[world.url("/page")], Received)


def test_the_limit_of_a_source_goes_before_that_of_the_settings(world: World) -> None:
    world.add("/long", "x" * 5_000)
    small = fetched(world.url("/long"), max_bytes=4_999)
    assert isinstance(small, FetchFailure)
    assert small.reject.reason == "too_large" and "4,999" in small.reject.detail
    assert isinstance(fetched(world.url("/long"), max_bytes=5_000), Received)


def test_the_words_of_a_reject_do_not_depend_on_the_run(world: World) -> None:
    for name in ("404", "truncated", "to-private", "bomb"):
        assert fetched(world.url(f"/{name}")) == fetched(world.url(f"/{name}"))


# ------------------------------------------------------------------------------------------------ what is sent


def test_the_fetcher_says_who_it_is(world: World) -> None:
    fetched(world.url("/page"), SETTINGS.with_options(contact="https://desk.example"))
    assert {asked.headers["user-agent"] for asked in world.log} == {
        user_agent(SETTINGS.with_options(contact="https://desk.example"))
    }
    assert world.paths(robots=True) == ["/robots.txt", "/page"]
    assert user_agent(SETTINGS).startswith("materiel/")
    assert user_agent(Settings(contact="https://x.example")).endswith(" (+https://x.example)")


def test_nothing_is_remembered_between_pages(world: World) -> None:
    world.add("/first", PAGE, Set_Cookie="visits=1")
    list(fetch_all([PageRequest(world.url("/first")), PageRequest(world.url("/page"))], SETTINGS))
    assert not any("cookie" in asked.headers or "authorization" in asked.headers for asked in world.log)


def test_the_environment_names_no_proxy(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    assert isinstance(fetched(world.url("/page")), Received)


def test_a_proxy_that_the_settings_name_gets_the_requests(world: World) -> None:
    world.add("http://news.example/page", PAGE)
    received = fetched("http://news.example/page", SETTINGS.with_options(proxy=world.address))
    assert isinstance(received, Received)
    assert [asked.headers["host"] for asked in world.log] == ["news.example", "news.example"]
    assert name_of(fetched("http://10.0.0.1/", SETTINGS.with_options(proxy=world.address))) == "refused_address"


@pytest.mark.parametrize("validators", [{"etag": ETAG}, {"last_modified": LAST_MODIFIED}])
def test_a_page_that_has_not_changed_is_not_sent_again(world: World, validators: dict[str, str]) -> None:
    url = world.url("/cached")
    first = fetched(url)
    assert isinstance(first, Received)
    assert {"ETag", "Last-Modified"} <= {name for name, _ in first.headers}
    assert fetched(url, **validators) == NotModified(url)
    assert isinstance(fetched(url, etag='"v0"'), Received)


def test_validators_go_to_the_address_that_they_came_from(world: World) -> None:
    world.add("/old", b"", status=301, Location="/cached")
    assert isinstance(fetched(world.url("/old"), etag=ETAG), Received), "they are those of another page"
    assert fetched(world.url("/old"), etag=ETAG, validated_url=world.url("/cached")) == NotModified(world.url("/old"))


def test_a_304_that_nobody_asked_for(world: World) -> None:
    world.add("/always", b"", status=304)
    assert name_of(fetched(world.url("/always"))) == "http_status"


# ------------------------------------------------------------------------------------------------- politeness


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, "User-agent: *\nDisallow: /private/", "received"),
        (200, "User-agent: *\nDisallow: /page", "robots_disallowed"),
        (200, "User-agent: *\nAllow: /\n\nUser-agent: Materiel/9.9\nDisallow: /", "robots_disallowed"),
        (200, "User-agent: *\nDisallow: /\n\nUser-agent: materiel\nDisallow:", "received"),
        (200, "#" * 600_000 + "\nUser-agent: *\nDisallow: /", "received"),
        (200, "<html>no rules here</html>", "received"),
        (401, "", "received"),
        (404, "", "received"),
        (500, "", "robots_unavailable"),
        (503, "", "robots_unavailable"),
        (429, "", "robots_unavailable"),
    ],
)
def test_robots_txt_decides(world: World, status: int, body: str, reason: str) -> None:
    world.add("/robots.txt", body, "text/plain", status=status)
    outcome = fetched(world.url("/page"))
    assert name_of(outcome) == reason
    assert ("/page" in world.paths()) == (reason == "received")
    if isinstance(outcome, FetchFailure):
        assert outcome.is_transient == (reason == "robots_unavailable")
        assert "robots.txt" in outcome.reject.detail and "127.0.0.1" in outcome.reject.detail


def test_a_reject_says_whose_rule_it_is(world: World) -> None:
    world.add("/robots.txt", "User-agent: *\nDisallow: /page\nUser-agent: materiel\nDisallow: /page", "text/plain")
    outcome = fetched(world.url("/page"))
    assert isinstance(outcome, FetchFailure) and "'materiel'" in outcome.reject.detail
    world.add("/robots.txt", "User-agent: *\nDisallow: /page", "text/plain")
    outcome = fetched(world.url("/page"))
    assert isinstance(outcome, FetchFailure) and "every agent" in outcome.reject.detail


def test_robots_txt_is_asked_for_once_per_host(world: World) -> None:
    assert reasons([world.url(f"/article/{number}") for number in range(40)]) == {"received": 40}
    assert world.times_asked("/robots.txt") == 1


@pytest.mark.parametrize(("hops", "reason"), [(5, "robots_disallowed"), (6, "received")])
def test_robots_txt_is_followed_over_five_redirects(world: World, hops: int, reason: str) -> None:
    world.add("/robots.txt", b"", status=302, Location="/r/1")
    for number in range(1, hops):
        world.add(f"/r/{number}", b"", status=302, Location=f"/r/{number + 1}")
    world.add(f"/r/{hops}", "User-agent: *\nDisallow: /", "text/plain")
    assert name_of(fetched(world.url("/page"))) == reason


def test_robots_txt_leads_to_no_inner_address(world: World) -> None:
    world.add("/robots.txt", b"", status=302, Location="http://169.254.169.254/robots.txt")
    assert name_of(fetched(world.url("/page"))) == "robots_unavailable"


@pytest.mark.parametrize("behaviour", ["/stall", "/garbage", "/truncated"])
def test_a_robots_txt_that_cannot_be_had_forbids_all(world: World, behaviour: str) -> None:
    world.add("/robots.txt", b"", status=302, Location=behaviour)
    urls = [world.url(f"/article/{number}") for number in range(20)]
    assert reasons(urls, SETTINGS.with_options(timeout=0.1, attempts=2)) == {"robots_unavailable": 20}


def test_a_redirect_to_another_host_obeys_the_rules_there(world: World) -> None:
    with outside_world() as other:
        other.add("/robots.txt", "User-agent: *\nDisallow: /page", "text/plain")
        world.add("/out", b"", status=302, Location=other.url("/page"))
        assert name_of(fetched(world.url("/out"))) == "robots_disallowed"
        assert other.paths() == []


def test_a_crawl_delay_is_kept_up_to_a_limit(world: World) -> None:
    world.add("/robots.txt", "User-agent: *\nCrawl-delay: 3600", "text/plain")
    urls = [world.url(f"/article/{number}") for number in range(3)]
    assert reasons(urls, SETTINGS.with_options(max_crawl_delay=0.05)) == {"received": 3}
    assert min(gaps(world)[1:]) > 0.035


def gaps(world: World) -> list[float]:
    return [b.time - a.time for a, b in itertools.pairwise(world.log)]


@pytest.mark.parametrize("by", ["settings", "request"])
def test_requests_to_a_host_keep_their_distance(world: World, by: str) -> None:
    spacing = 0.04
    settings = SETTINGS.with_options(spacing=spacing if by == "settings" else None)
    requests = [PageRequest(world.url(f"/article/{n}"), spacing=spacing if by == "request" else None) for n in range(5)]
    assert all(isinstance(outcome, Received) for _, outcome in fetch_all(requests, settings))
    assert len(world.log) == 6
    assert sum(gaps(world)) > 5 * spacing - 0.02, "a busy machine shifts single arrivals"


def test_a_slow_host_does_not_hold_up_another(world: World) -> None:
    """A thousand pages of one host, each with a wait, come before one page of another."""
    with outside_world() as other:
        requests = [PageRequest(world.url(f"/article/{n}"), spacing=60.0) for n in range(1_000)]
        outcomes = fetch_all([*requests, PageRequest(other.url("/page"))], SETTINGS)
        assert next(request.url for request, _ in outcomes) == other.url("/page")
        outcomes.close()  # type: ignore[attr-defined]


def test_a_host_is_not_crowded(world: World) -> None:
    urls = [world.url(f"/{'404' if n % 3 else 'article'}/{n}") for n in range(60)]
    assert reasons(urls) == {"http_status": 40, "received": 20}
    assert 1 <= world.most_at_once <= SETTINGS.per_host
    assert len(world.paths()) == len(set(world.paths())) == 60


def test_what_may_pass_is_tried_again_and_what_will_not_is_not(world: World) -> None:
    for name, times in {
        "503": 3,
        "429": 3,
        "reset": 3,
        "flaky": 2,
        "throttled": 2,
        "404": 1,
        "599": 1,
        "loop": 1,
    }.items():
        fetched(world.url(f"/{name}"))
        assert world.times_asked(f"/{name}") == times, name
    outcome = fetched(world.url("/503"))
    assert isinstance(outcome, FetchFailure) and outcome.is_transient


def test_a_host_that_asks_to_wait_is_left_alone(world: World) -> None:
    world.add("/busy", b"", status=503, Retry_After="1")
    started = time.monotonic()
    outcomes = fetch_all(
        [PageRequest(world.url("/busy")), PageRequest(world.url("/page"))],
        SETTINGS.with_options(per_host=1, attempts=2),
    )
    assert {request.url: name_of(o) for request, o in outcomes} == {
        world.url("/busy"): "http_status",
        world.url("/page"): "received",
    }
    times = {asked.path: asked.time - started for asked in world.log}
    assert times["/page"] >= 0.95, "a wait goes for the host, not only for the page"


def test_a_host_that_asks_to_wait_too_long_is_asked_no_more(world: World) -> None:
    urls = [world.url(f"/patience/{number}") for number in range(100)]
    counts = reasons(urls)
    assert counts["host_unavailable"] >= 97
    assert len(world.paths()) == counts["http_status"] <= SETTINGS.per_host + 1


def test_a_host_that_is_gone_is_not_asked_for_each_page() -> None:
    with outside_world() as world:
        gone = world.address
    started = time.perf_counter()
    assert reasons([f"{gone}/{number}" for number in range(1_000)]) == {"unreachable": 1, "host_unavailable": 999}
    assert time.perf_counter() - started < 10


def test_a_host_that_goes_silent_is_given_up(world: World) -> None:
    settings = SETTINGS.with_options(timeout=0.1, attempts=1, host_failures=4)
    counts = reasons([world.url(f"/stall/{number}") for number in range(200)], settings)
    assert counts["timeout"] in (4, 5) and counts["host_unavailable"] == 200 - counts["timeout"]


def test_a_host_that_is_given_up_is_not_asked_by_way_of_another(world: World) -> None:
    with outside_world() as other:
        for number in range(20):
            world.add(f"/wait/{number}", b"", status=302, Location=other.url(f"/patience/{number}"))
        settings = SETTINGS.with_options(per_host=1)
        counts = reasons([world.url(f"/wait/{number}") for number in range(20)], settings)
        assert counts == {"http_status": 1, "host_unavailable": 19}
        assert (len(other.paths()), len(world.paths())) == (1, 20), "the host that redirects is not to blame"


def test_public_hosts_are_never_hurried(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "MIN_PUBLIC_SPACING", 0.04)
    outside = Outside(resolve=names({"news.example": ["8.8.8.8"]}), connect=Recorder(instead=world.port))
    requests = [PageRequest(f"http://news.example/article/{number}") for number in range(3)]
    assert all(isinstance(outcome, Received) for _, outcome in fetch_all(requests, SETTINGS, outside))
    assert min(gaps(world)) > 0.025


# ----------------------------------------------------------------------------------------- the consumer's side


def test_outcomes_come_as_they_come_and_no_more_than_a_few_wait(world: World) -> None:
    outcomes = fetch_all((PageRequest(world.url(f"/article/{n}")) for n in range(300)), SETTINGS)
    assert isinstance(next(outcomes)[1], Received)
    deadline = time.monotonic() + 5
    while len(world.paths()) < MAX_WAITING and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    assert MAX_WAITING <= len(world.paths()) <= MAX_WAITING + fetch.MAX_AT_ONCE + 2
    assert len(list(outcomes)) == 299


def test_the_bytes_that_wait_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "MAX_WAITING_BYTES", 100_000)
    monkeypatch.setattr(fetch, "LARGE_BYTES", 10_000)
    world.add("/large", b"x" * 60_000)
    outcomes = fetch_all([PageRequest(world.url(f"/large?{n}")) for n in range(30)], SETTINGS)
    next(outcomes)
    time.sleep(0.3)
    assert len(world.paths()) <= 1 + 1 + SETTINGS.per_host + 1
    assert sum(isinstance(outcome, Received) for _, outcome in outcomes) == 29


def test_a_consumer_may_stop_early(world: World) -> None:
    outcomes = fetch_all([PageRequest(world.url(f"/article/{n}")) for n in range(2_000)], SETTINGS)
    for _ in range(3):
        next(outcomes)
    started = time.perf_counter()
    outcomes.close()  # type: ignore[attr-defined]
    assert time.perf_counter() - started < 2
    assert "fetch" not in {thread.name for thread in threading.enumerate()}


def test_an_interruption_ends_the_fetching(world: World) -> None:
    with pytest.raises(KeyboardInterrupt):
        for _ in fetch_all(
            [PageRequest(world.url(f"/{name}/{n}")) for n in range(50) for name in ("page", "stall")], SETTINGS
        ):
            raise KeyboardInterrupt
    assert "fetch" not in {thread.name for thread in threading.enumerate()}


def test_no_request_no_outcome() -> None:
    assert list(fetch_all([], SETTINGS)) == []


def test_two_thousand_pages_of_every_kind_each_with_its_outcome(world: World) -> None:
    names = sorted(set(OUTCOMES) - {"stall", "drip", "drip-headers", "patience", "endless", "bomb", "huge-headers"})
    urls = [world.url(f"/{'article' if n % 5 else names[n // 5 % len(names)]}/{n}") for n in range(2_000)]
    for request, outcome in fetch_all(map(PageRequest, urls), SETTINGS):
        assert name_of(outcome) == OUTCOMES[request.url.split("/")[3]], request.url


# ------------------------------------------------------------------------------------------------- small things


def test_the_schedule_takes_turns_and_waits_for_each_host() -> None:
    schedule: Schedule[int] = Schedule(per_host=2)
    slow: Host[int] = Host("slow", 10.0)
    quick: Host[int] = Host("quick", 1.0)
    slow.pending.extend([1, 2])
    quick.pending.extend([3, 4, 5])
    schedule.open([slow, quick])
    assert schedule.take(0.0) == (slow, 1)
    assert schedule.take(0.0) == (quick, 3)
    assert schedule.take(0.5) == 1.0, "the next time that any host may be asked"
    assert schedule.take(1.0) == (quick, 4)
    schedule.retry(quick, 4, 9.0)
    schedule.release(quick)
    schedule.release(quick)
    assert schedule.take(2.0) == (quick, 5)
    schedule.release(quick)
    assert schedule.take(3.0) == 9.0
    assert schedule.take(9.0) == (quick, 4)
    schedule.release(quick)
    assert schedule.take(10.0) == (slow, 2)
    assert schedule.take(10.0) is None and not schedule.is_done
    schedule.release(slow)
    schedule.release(slow)
    assert schedule.take(99.0) is None and schedule.is_done


def test_a_closed_host_is_done_with_at_once() -> None:
    schedule: Schedule[int] = Schedule(per_host=1)
    host: Host[int] = Host("gone", 10.0)
    host.pending.extend(range(100))
    schedule.open([host])
    taken = schedule.take(0.0)
    assert isinstance(taken, tuple)
    schedule.retry(host, 0, 1_000.0)
    host.closed = "why"
    schedule.release(host)
    for _ in range(100):
        assert isinstance(schedule.take(0.0), tuple)
        schedule.release(host)
    assert schedule.take(0.0) is None and schedule.is_done


def test_delays_double_with_jitter_and_are_bounded() -> None:
    delays = [retry_delay("http://x/", attempt, 2.0) for attempt in range(1, 12)]
    for attempt, delay in enumerate(delays):
        full = min(2.0 * 2**attempt, 60.0)
        assert full / 2 <= delay <= full
    assert delays == [retry_delay("http://x/", attempt, 2.0) for attempt in range(1, 12)]
    assert len({retry_delay(f"http://x/{number}", 1, 2.0) for number in range(50)}) == 50


def test_retry_after_in_its_forms() -> None:
    now = datetime(2025, 6, 2, 8, tzinfo=UTC)
    date = format_datetime(now, usegmt=True)
    assert retry_after("120", None) == 120.0
    assert retry_after(format_datetime(now + timedelta(seconds=90), usegmt=True), date) == 90.0
    assert retry_after(format_datetime(now - timedelta(days=1), usegmt=True), date) == 0.0
    for odd in (None, "", "soon", "-5", "1.5", "²", "Mon, 99 Foo"):
        assert retry_after(odd, date) is None
    assert retry_after("9" * 400, None) is not None


def test_gzip_within_limits() -> None:
    assert compression.gunzip(gzip.compress(b"a") + gzip.compress(b"b"), 2) == b"ab"
    assert compression.gunzip(gzip.compress(b"a") + b"\0" * 100, 2) == b"a", "padding"
    big = gzip.compress(b"x" * 1_000_000, 0)
    assert len(compression.gunzip(big, 1_000_000)) == 1_000_000
    with pytest.raises(TooLarge):
        compression.gunzip(big, 999_999)
    for bad in (big[:-4], b"\x1f\x8b", b"\x1f\x8bxx", gzip.compress(b"") * 20_000, gzip.compress(b"a") + b"\x1f\x8b"):
        with pytest.raises(BadCompression):
            compression.gunzip(bad, 10_000_000)


def test_settings_of_the_fetcher_say_what_is_wrong_with_them() -> None:
    good = {
        "MATERIEL_SPACING": "0",
        "MATERIEL_ALLOW_HOSTS": "localhost:8000, 10.0.0.0/8, [::1]:80",
        "MATERIEL_PROXY": "http://proxy.example:3128",
    }
    settings = Settings.from_environment(good)
    assert settings.spacing == 0.0 and settings.proxy == "http://proxy.example:3128"
    for name, value in {"SPACING": "-1", "ALLOW_HOSTS": "10.0.0.0/99", "PROXY": "socks://x", "PER_HOST": "0"}.items():
        with pytest.raises(SettingsError, match=f"MATERIEL_{name}"):
            Settings.from_environment({f"MATERIEL_{name}": value})
