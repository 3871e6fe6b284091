"""The policy for URLs and addresses that users give: which of them may be connected to.

A URL is checked when it is given; `shared.cameras.source` does so for the URLs of cameras. The
addresses of its host are checked by `pinned_connection`, when a connection is opened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

from shared.errors import PermanentError

MAX_URL_CHARS = 500
_WEB_PORTS = {"https": 443, "http": 80}
ALLOWED_PORTS = frozenset({443, 8443})
"""The usual ports of https servers; requests to other ports would serve a port scan."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address."""
_NON_PUBLIC_IPV4 = (
    IPv4Network("192.0.0.0/24"),  # RFC 6890: protocol assignments
    IPv4Network("192.88.99.0/24"),  # RFC 7526: 6to4 relays, deprecated
)
_NON_PUBLIC_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "64:ff9b:1::/48",  # RFC 8215: local NAT64
        "2001::/32",  # Teredo: leads to an IPv4 address behind a NAT
        "::/96",  # IPv4-compatible addresses, deprecated by RFC 4291
        "::ffff:0:0:0/96",  # IPv4-translated, RFC 2765
        "fec0::/10",  # site-local, deprecated by RFC 3879
        "5f00::/16",  # segment routing, RFC 9602
    )
)
_METADATA_NETWORKS = (
    IPv4Network("169.254.0.0/16"),
    IPv6Network("fe80::/10"),
    IPv6Network("fd00:ec2::/32"),
    IPv6Network("fd20:ce::/32"),
)
"""Link-local networks and those of two clouds. They serve the credentials of their machines, so an
operator cannot allow them."""
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)
_PRIVATE_SUFFIXES = ("localhost", "local", "internal", "localdomain", "home.arpa", "onion")


class InvalidUrl(PermanentError):
    """The URL is not allowed for outgoing connections."""

    code = "unfit-url"


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Which IP addresses may be connected to: public ones and those in `networks`.

    Addresses of metadata servers are never allowed, even if `networks` contains them.
    """

    networks: tuple[str, ...] = ()

    def allows(self, address: str) -> bool:
        """Returns whether `address` may be connected to; False if malformed."""
        try:
            parsed = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if _is_public(parsed):
            return True
        embedded = _embedded_ipv4(parsed) if isinstance(parsed, IPv6Address) else None
        if any(
            one in network for one in (parsed, embedded or parsed) for network in _METADATA_NETWORKS
        ):
            return False
        unmapped = getattr(parsed, "ipv4_mapped", None) or parsed
        return any(unmapped in ip_network(network) for network in self.networks)


PUBLIC_ONLY = AddressPolicy()
PUBLIC_AND_PRIVATE = AddressPolicy(("0.0.0.0/0", "::/0"))
"""For local use."""


@dataclass(frozen=True, slots=True)
class UrlParts:
    """A URL that passed the checks that all protocols share.

    Attributes:
        host: An ASCII name or an IP address without brackets.
        port: The URL's, otherwise the scheme's default.
        path: With the query; at least "/".
        user: As in the URL, None when it has none.
        password: As in the URL, None when it has none.
    """

    scheme: str
    host: str
    port: int
    path: str
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Target:
    """A server whose URL passed the policy; its addresses are still to be checked.

    `host` is the ASCII name for TLS and the Host header.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """The Host header; it has the port only if that is not the scheme's default."""
        return format_authority(self.host, self.port, _WEB_PORTS[self.scheme])


def parse_target(url: str, *, allow_private: bool = False, max_chars: int = 0) -> Target:
    """Parses the URL of a web server and checks it against the policy.

    Args:
        url: The URL as the user wrote it.
        allow_private: For local use: allow http, every port and private hosts.
        max_chars: The longest URL, by default MAX_URL_CHARS.

    Raises:
        InvalidUrl: With a message for the user.
    """
    ports = _WEB_PORTS if allow_private else {"https": 443}
    parts = split_url(url, ports, allow_private=allow_private, max_chars=max_chars)
    if parts.user is not None or parts.password is not None:
        raise InvalidUrl("The URL must not carry a user name or password.")
    if not allow_private and parts.port not in ALLOWED_PORTS:
        raise InvalidUrl(f"The URL's port must be {' or '.join(map(str, sorted(ALLOWED_PORTS)))}.")
    return Target(parts.scheme, parts.host, parts.port, parts.path)


def split_url(
    url: str, default_ports: Mapping[str, int], *, allow_private: bool, max_chars: int = 0
) -> UrlParts:
    """Splits a URL after the checks that all protocols share.

    Args:
        url: The URL as the user wrote it.
        default_ports: The allowed schemes with their default ports.
        allow_private: Allow hosts of a private network.

    Raises:
        InvalidUrl: With a message that does not repeat the URL.
    """
    max_chars = max_chars or MAX_URL_CHARS
    if len(url) > max_chars or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidUrl(f"A URL has at most {max_chars} characters, all printable ASCII.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        # Not `from`: the message of the cause contains the URL.
        raise InvalidUrl("This is not a URL.") from None
    if parts.scheme not in default_ports:
        *others, last = (f"{scheme}://" for scheme in default_ports)
        schemes = f"{', '.join(others)} or {last}" if others else last
        raise InvalidUrl(f"The URL must begin with {schemes}.")
    if "#" in url:
        raise InvalidUrl("The URL must not carry a fragment (#…).")
    check_host(host, allow_private=allow_private)
    port = default_ports[parts.scheme] if port is None else port
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return UrlParts(parts.scheme, host, port, path, parts.username, parts.password)


def format_authority(host: str, port: int, default_port: int) -> str:
    """Returns host and port as in a URL; the port only if it is not the default."""
    name = f"[{host}]" if ":" in host else host
    return name if port == default_port else f"{name}:{port}"


def check_host(host: str, *, allow_private: bool) -> None:
    """Checks a host name or an IP address.

    Raises:
        InvalidUrl: When the name is malformed or, unless `allow_private`, not public.
    """
    try:
        ip_address(host)
    except ValueError:
        pass
    else:
        if not allow_private and not is_public(host):
            raise InvalidUrl("The URL leads to an address that is not public.")
        return
    labels = host.rstrip(".").split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidUrl("The URL names no host; write an international name in its xn-- form.")
    if allow_private:
        return
    # A resolver reads "127.1" and "0x7f000001" as addresses. No public name ends in a number.
    if len(labels) < 2 or re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1], re.IGNORECASE):
        raise InvalidUrl("The URL must name a host on the public Internet.")
    if any(host.rstrip(".").lower().endswith("." + suffix) for suffix in _PRIVATE_SUFFIXES):
        raise InvalidUrl("The URL must name a host on the public Internet.")


def is_public(address: str) -> bool:
    """Returns whether `address` is an IP address of the public Internet; False if malformed."""
    return PUBLIC_ONLY.allows(address)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        embedded = _embedded_ipv4(address)
        if embedded is not None:
            return _is_public(embedded)
        if any(address in network for network in _NON_PUBLIC_IPV6) or address.is_site_local:
            return False
    elif any(address in network for network in _NON_PUBLIC_IPV4):
        return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_private
        and not address.is_unspecified
    )


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    """Returns the IPv4 address that an IPv6 address is translated to on the way, or None."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
