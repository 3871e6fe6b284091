"""The policy for addresses that users give: public addresses, over https, none of our own network.

A name is resolved once, each of its addresses is checked, and the connection goes to a checked
address. A name server that returns a different answer the next time has no effect.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from shared.errors import PermanentError

MAX_URL_CHARS = 500
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
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)
_PRIVATE_SUFFIXES = ("localhost", "local", "internal", "localdomain", "home.arpa", "onion")


class InvalidUrl(PermanentError):
    """The URL is not allowed for outgoing connections."""

    code = "unfit-url"


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
        name = f"[{self.host}]" if ":" in self.host else self.host
        default_port = {"https": 443, "http": 80}[self.scheme]
        return name if self.port == default_port else f"{name}:{self.port}"


def parse_target(url: str, *, allow_private: bool = False) -> Target:
    """Parses a URL and checks it against the policy.

    Args:
        url: The URL as the user wrote it.
        allow_private: For local use: allow http, every port and private hosts.

    Raises:
        InvalidUrl: With a sentence for the user.
    """
    if len(url) > MAX_URL_CHARS or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidUrl(
            f"A URL has at most {MAX_URL_CHARS} characters, all of them printable ASCII."
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise InvalidUrl("This is not a URL.") from error
    schemes = ("https", "http") if allow_private else ("https",)
    if parts.scheme not in schemes:
        raise InvalidUrl("The URL must begin with https://.")
    if parts.username is not None or parts.password is not None:
        raise InvalidUrl("The URL must not carry a user name or password.")
    if parts.fragment or "#" in url:
        raise InvalidUrl("The URL must not carry a fragment (#…).")
    port = {"https": 443, "http": 80}[parts.scheme] if port is None else port
    if not allow_private and port not in ALLOWED_PORTS:
        raise InvalidUrl(f"The URL's port must be {' or '.join(map(str, sorted(ALLOWED_PORTS)))}.")
    check_host(host, allow_private=allow_private)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path)


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
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return _is_public(parsed)


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
