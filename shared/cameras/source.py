"""Where a camera is: an address that a person gave, judged, and told without its password."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import unquote, urlsplit

from shared.net.address_policy import MAX_URL_CHARS, InvalidUrl, check_host, is_public

DEFAULT_PORTS = {"rtsp": 554, "http": 80, "https": 443}
"""The allowed schemes with their own ports."""
LOW_PORTS = frozenset({80, 443, 554, 888})
"""Below 1024 only these: the others are mail, shells and name servers, and no cameras."""
MAX_DEVICES = 16
_METADATA = ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "fd20:ce::/32")
"""Link-local addresses, and these two of clouds, hand out the credentials of their machines: nobody
lists them."""


class SourceKind(StrEnum):
    """How a camera is spoken to."""

    RTSP = "rtsp"
    MJPEG = "mjpeg"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Source:
    """A camera's place. `path` is with its query; user and password are decoded, "" for none. For a
    device only `device` is set, the number of a camera of this machine."""

    kind: SourceKind
    scheme: str = ""
    host: str = ""
    port: int = 0
    path: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    device: int = 0

    @property
    def display_url(self) -> str:
        """The address for people, logs and errors: no user, no password, no query, and no part of
        a path that sets something: there are cameras that take their password there."""
        if self.kind is SourceKind.DEVICE:
            return f"device {self.device}"
        path, _, _ = self.path.partition("?")
        parts = ("…" if _sets(one) else one for one in path.split("/"))
        return f"{self.scheme}://{self.authority}{'/'.join(parts)}"

    @property
    def authority(self) -> str:
        """Host and port as the Host header and RTSP's request lines name them."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == DEFAULT_PORTS[self.scheme] else f"{name}:{self.port}"

    @property
    def has_credentials(self) -> bool:
        """Whether there is something to hide: queries carry tokens as well."""
        return bool(self.user or self.password or _sets(self.path) or "?" in self.path)

    def camera_id(self, owner: str) -> str:
        """The id of the camera: of one owner the same one for the same place, whatever the
        password is now."""
        place = f"{self.kind} {self.scheme} {self.host} {self.port} {self.path} {self.device}"
        return hashlib.sha256(f"{owner}\n{place}".encode()).hexdigest()[:20]

    def to_dict(self) -> dict[str, Any]:
        """As it stands in `camera_secrets`, and nowhere else."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Source:
        """Back from a document."""
        given = {name: data[name] for name in cls.__slots__}
        return cls(**{**given, "kind": SourceKind(data["kind"])})


def _sets(part: str) -> bool:
    return "=" in unquote(part)


def parse_source(url: str, *, allow_private: bool = False) -> Source:
    """What a camera's URL says. Raises UnfitUrl with a sentence that repeats none of it.

    `private_too`: hosts of this house may be named; whether their addresses may be connected to is
    judged when they are known, see `may_connect`.
    """
    if len(url) > MAX_URL_CHARS or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidUrl(
            f"A URL has at most {MAX_URL_CHARS} characters, all of them printable ASCII."
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        # Not `from`: the fault's own words repeat the URL.
        raise InvalidUrl("This is no URL.") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise InvalidUrl("The URL of a camera begins with rtsp://, http:// or https://.")
    if "#" in url:
        raise InvalidUrl("The URL must not carry a fragment (#…).")
    port = DEFAULT_PORTS[parts.scheme] if port is None else port
    if port < 1024 and port not in LOW_PORTS:
        raise InvalidUrl("No camera listens at this port.")
    check_host(host, allow_private=allow_private)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if any(not one.isprintable() for one in user + password) or ":" in user:
        raise InvalidUrl(
            "The user name or password in the URL has a character that cannot be sent."
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kind = SourceKind.RTSP if parts.scheme == "rtsp" else SourceKind.MJPEG
    return Source(kind, parts.scheme, host, port, path, user, password)


def device_source(number: int) -> Source:
    """A camera of this machine. Raises UnfitUrl for what is no number of one."""
    if not 0 <= number < MAX_DEVICES:
        raise InvalidUrl(f"A device is a number from 0 to {MAX_DEVICES - 1}.")
    return Source(SourceKind.DEVICE, device=number)


def is_allowed_address(address: str, networks: Iterable[str]) -> bool:
    """Whether a camera may be looked for at an IP address: a public one, or one of a network that
    the operator lists."""
    if is_public(address):
        return True
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    if any(found in ip_network(one) for one in _METADATA):
        return False
    return any(found in ip_network(one) for one in networks)
