"""Which addresses the fetcher may contact: public ones, and those that the operator allows by name.

Two checks, each of which would do without the other. `target_of` looks at a URL before it is asked for, at every
redirect. `check_addresses` looks at what a host name resolved to; the connection is then made to the address that was
checked, so an answer of the name service that changes in between (DNS rebinding) changes nothing.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_URL_CHARS = 8_192

# The special-purpose address registries of IANA (RFC 6890 and its updates); the first row that holds an address counts.
_IPV4_KINDS: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "of this host itself"),
    ("10.0.0.0/8", "of a private network"),
    ("100.64.0.0/10", "of a provider's inner network"),
    ("127.0.0.0/8", "of this machine (loopback)"),
    ("168.63.129.16/32", "of a cloud platform's inner services"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "of a private network"),
    ("192.0.0.0/24", "reserved"),
    ("192.0.2.0/24", "for documentation"),
    ("192.88.99.0/24", "of a 6to4 relay"),
    ("192.168.0.0/16", "of a private network"),
    ("198.18.0.0/15", "for benchmarks"),
    ("198.51.100.0/24", "for documentation"),
    ("203.0.113.0/24", "for documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
)
_IPV6_KINDS: tuple[tuple[str, str], ...] = (
    ("::/128", "of this host itself"),
    ("::1/128", "of this machine (loopback)"),
    ("fc00::/7", "of a private network"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "of a private network"),
    ("ff00::/8", "multicast"),
    ("2001:db8::/32", "for documentation"),
    ("3fff::/20", "for documentation"),
    ("2001::/32", "of a Teredo tunnel"),
    ("2001::/23", "reserved"),
    ("2002::/16", "of a 6to4 tunnel"),
)
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_ISATAP = 0x5EFE
"""The upper half of an interface id that holds an IPv4 address (RFC 5214), its universal bit aside."""

METADATA_SERVICES = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "168.63.129.16", "192.0.0.192",
        "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254",
    )
)  # fmt: skip
"""Where cloud platforms hand out a machine's credentials. No range that an operator allows opens them."""

INNER_NAMES = (
    "localhost", "localdomain", "local", "internal", "intranet", "lan", "home.arpa", "onion",
    "metadata", "metadata.goog", "instance-data",
)  # fmt: skip
"""Names, and ends of names, that no public page has; what they resolve to is checked all the same."""

# "Bad ports" of the fetch standard, https://fetch.spec.whatwg.org/#port-blocking: other protocols live there.
BAD_PORTS = frozenset(
    {
        0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
        110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530,
        531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190,
        5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
    }
)  # fmt: skip

_HOST_NAME = re.compile(r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_][a-z0-9_-]{0,62})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

_BAD_URL = "The URL, or one that it redirects to, is not valid; check its spelling."


class Refused(Exception):
    """A URL or an address that the fetcher does not contact; `reason` and `detail` go into the reject."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """What an operator allows although it is not public. A port of None stands for every port."""

    names: frozenset[tuple[str, int | None]] = frozenset()
    addresses: frozenset[tuple[Address, int | None]] = frozenset()
    networks: tuple[Network, ...] = ()

    def has_name(self, host: str, port: int) -> bool:
        """Whether a host is allowed by the name that stands in the URL."""
        return not self.names.isdisjoint({(host, None), (host, port)})

    def has_address(self, address: Address, port: int) -> bool:
        """Whether an address is allowed, by itself or by a range that it lies in."""
        if not self.addresses.isdisjoint({(address, None), (address, port)}):
            return True
        return address not in METADATA_SERVICES and any(address in network for network in self.networks)

    def has_host(self, host: str, port: int) -> bool:
        """Whether a host as it stands in a URL, a name or an address, is allowed."""
        address = _address(host)
        return self.has_name(host, port) if address is None else self.has_address(_plain(address), port)

    def has_exactly(self, host: str, port: int) -> bool:
        """Whether a host, a name or an address, is allowed together with this very port."""
        address = _address(host)
        return (host, port) in self.names or (address is not None and (_plain(address), port) in self.addresses)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads."""

    url: httpx.URL
    scheme: str
    host: str
    """In lower case and ASCII, without a dot at the end; an IPv6 address without brackets."""
    port: int


@functools.cache
def allowed_hosts(text: str) -> AllowedHosts:
    """Read a list of `host[:port]`, IP address or CIDR range, separated by commas.

    Raises ValueError, with a message that names the entry.
    """
    names: set[tuple[str, int | None]] = set()
    addresses: set[tuple[Address, int | None]] = set()
    networks: list[Network] = []
    for entry in filter(None, (part.strip().lower() for part in text.split(","))):
        try:
            if "/" in entry:
                networks.append(ipaddress.ip_network(entry))
                continue
            host, port = _split_port(entry)
        except ValueError:
            raise ValueError(f"{entry!r} is no host, host:port, IP address or CIDR range") from None
        address = _address(host)
        if address is not None:
            addresses.add((_plain(address), port))
        elif _HOST_NAME.fullmatch(host) and not _looks_numeric(host):
            names.add((host.rstrip("."), port))
        else:
            raise ValueError(f"{entry!r} is no host, host:port, IP address or CIDR range")
    return AllowedHosts(frozenset(names), frozenset(addresses), tuple(networks))


def target_of(url: str | httpx.URL, allowed: AllowedHosts) -> Target:
    """Where a URL leads, after the checks that need no name service. Raises Refused."""
    import httpx

    if len(str(url)) > MAX_URL_CHARS:
        raise Refused("bad_url", f"The URL has more than {MAX_URL_CHARS:,} characters; give a shorter one.")
    try:
        parsed = httpx.URL(url)
        host = parsed.raw_host.decode("ascii").removesuffix(".")
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise Refused("bad_url", _BAD_URL) from None
    if parsed.scheme not in ("http", "https"):
        detail = "The page redirects to an address that is not http or https; give the URL of a page."
        raise Refused("unsupported_scheme", detail)
    if parsed.userinfo:
        raise Refused("bad_url", "The URL, or one that it redirects to, holds a user name; give it without.")
    port = parsed.port or (443 if parsed.scheme == "https" else 80)
    if parsed.port == 0 or not 0 < port <= 65_535:
        raise Refused("bad_url", _BAD_URL)
    check_host(host, port, allowed)
    return Target(parsed.copy_with(fragment=None), parsed.scheme, host, port)


def check_host(host: str, port: int, allowed: AllowedHosts) -> None:
    """Refuse hosts that are malformed, addresses or names that are not public, and bad ports. Raises Refused."""
    address = _address(host)
    if address is None:
        # The C library reads 0177.1, 0x7f000001 and 2130706433 as addresses, and not all of them read them alike.
        if _looks_numeric(host):
            raise Refused("bad_url", "The host is an IPv4 address in an unusual form; write four decimal numbers.")
        if not _HOST_NAME.fullmatch(host):
            raise Refused("bad_url", _BAD_URL)
        inner = any(host == name or host.endswith(f".{name}") for name in INNER_NAMES)
        if inner and not allowed.has_name(host, port):
            raise Refused("refused_address", _refusal("The host name is one of an inner network"))
    else:
        check_addresses(host, port, [host], allowed)
    if port in BAD_PORTS and not allowed.has_exactly(host, port):
        raise Refused("refused_port", f"Port {port} belongs to another protocol than http; give the URL of a page.")


def check_addresses(host: str, port: int, addresses: Iterable[str], allowed: AllowedHosts) -> None:
    """Refuse a host unless each of its addresses is public or allowed. Raises Refused."""
    by_name = allowed.has_name(host, port)
    for text in addresses:
        address = _address(text)
        if address is None:
            raise Refused("refused_address", _refusal("The host has an address of an unknown form"))
        plain = _plain(address)
        kind = kind_of(address)
        if kind is None or allowed.has_address(plain, port):
            continue
        if not by_name or plain in METADATA_SERVICES:
            raise Refused("refused_address", _refusal(f"The host's address is {kind}, not a public one"))


def kind_of(address: Address) -> str | None:
    """What an address is that is not public, in words; None for a public one."""
    plain = _plain(address)
    if isinstance(plain, ipaddress.IPv4Address):
        return next((kind for network, kind in _networks(4) if plain in network), None)
    if plain in _NAT64:
        return kind_of(ipaddress.IPv4Address(int(plain) & 0xFFFF_FFFF))
    if plain.scope_id is not None:
        return "link-local"
    kind = next((kind for network, kind in _networks(6) if plain in network), None)
    if kind is None and plain not in _GLOBAL_UNICAST:
        return "reserved"
    if kind is None and (int(plain) >> 32) & 0xFDFF_FFFF == _ISATAP:
        return "of an ISATAP tunnel"
    return kind


@functools.cache
def _networks(version: int) -> tuple[tuple[Network, str], ...]:
    rows = _IPV4_KINDS if version == 4 else _IPV6_KINDS
    return tuple((ipaddress.ip_network(network), kind) for network, kind in rows)


def _plain(address: Address) -> Address:
    """An IPv4 address that is written as an IPv6 one, as itself."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _looks_numeric(host: str) -> bool:
    """Whether the last label is a number, so that browsers take the host for an IPv4 address (URL standard, 3.5)."""
    return _NUMBER.fullmatch(host.removesuffix(".").rpartition(".")[2]) is not None


def _split_port(entry: str) -> tuple[str, int | None]:
    """Host and port of an entry. Raises ValueError."""
    if entry.startswith("["):
        host, bracket, rest = entry[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(entry)
        port = rest[1:] if rest else None
    elif entry.count(":") == 1:
        host, _, port = entry.partition(":")
    else:
        host, port = entry, None
    if port is None:
        return host, None
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise ValueError(entry)
    return host, int(port)


def _refusal(what: str) -> str:
    return f"{what}; if it is yours, allow it by MATERIEL_ALLOW_HOSTS."
