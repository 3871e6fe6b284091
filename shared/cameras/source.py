"""The source of a camera: the URL that a user gives, checked and shown without its password."""

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
"""The allowed schemes with their default ports."""
LOW_PORTS = frozenset({80, 443, 554, 888})
"""The only allowed ports below 1024: the others belong to mail, shells and name servers."""
MAX_DEVICES = 16
_METADATA_NETWORKS = ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "fd20:ce::/32")
"""Link-local networks and those of two clouds. They serve the credentials of their machines, so an
operator cannot allow them."""


class SourceKind(StrEnum):
    """The protocol of a camera."""

    RTSP = "rtsp"
    MJPEG = "mjpeg"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Source:
    """The source of a camera.

    Attributes:
        path: With the query.
        user: Decoded, or "".
        password: Decoded, or "".
        device: The number of a camera of this machine; a device has no other field.
    """

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
        """The address for users, logs and errors.

        It has no user, password or query, and no path segment with "=": some cameras take their
        password there.
        """
        if self.kind is SourceKind.DEVICE:
            return f"device {self.device}"
        path, _, _ = self.path.partition("?")
        parts = ("…" if _has_assignment(part) else part for part in path.split("/"))
        return f"{self.scheme}://{self.authority}{'/'.join(parts)}"

    @property
    def authority(self) -> str:
        """Host and port for the Host header and for RTSP request lines."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == DEFAULT_PORTS[self.scheme] else f"{name}:{self.port}"

    @property
    def has_credentials(self) -> bool:
        """Whether the source contains secrets; a query may contain a token."""
        return bool(self.user or self.password or _has_assignment(self.path) or "?" in self.path)

    def camera_id(self, owner: str) -> str:
        """Returns the id of the camera; it does not depend on user and password."""
        location = f"{self.kind} {self.scheme} {self.host} {self.port} {self.path} {self.device}"
        return hashlib.sha256(f"{owner}\n{location}".encode()).hexdigest()[:20]

    def to_dict(self) -> dict[str, Any]:
        """Returns the source as `camera_secrets` stores it; no other document may contain it."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Source:
        """Reads what `to_dict` wrote."""
        values = {name: data[name] for name in cls.__slots__}
        return cls(**{**values, "kind": SourceKind(data["kind"])})


def _has_assignment(part: str) -> bool:
    return "=" in unquote(part)


def parse_source(url: str, *, allow_private: bool = False) -> Source:
    """Parses and checks a camera's URL.

    Args:
        url: The URL as the user wrote it.
        allow_private: Allow hosts of a private network. Their addresses are checked when they are
            resolved, by `is_allowed_address`.

    Raises:
        InvalidUrl: With a sentence that does not repeat the URL.
    """
    if len(url) > MAX_URL_CHARS or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidUrl(
            f"A URL has at most {MAX_URL_CHARS} characters, all of them printable ASCII."
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        # Not `from`: the message of the cause contains the URL.
        raise InvalidUrl("This is not a URL.") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise InvalidUrl("The URL of a camera begins with rtsp://, http:// or https://.")
    if "#" in url:
        raise InvalidUrl("The URL must not carry a fragment (#…).")
    port = DEFAULT_PORTS[parts.scheme] if port is None else port
    if port < 1024 and port not in LOW_PORTS:
        raise InvalidUrl("No camera listens at this port.")
    check_host(host, allow_private=allow_private)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if any(not char.isprintable() for char in user + password) or ":" in user:
        raise InvalidUrl(
            "The user name or password in the URL has a character that cannot be sent."
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kind = SourceKind.RTSP if parts.scheme == "rtsp" else SourceKind.MJPEG
    return Source(kind, parts.scheme, host, port, path, user, password)


def device_source(number: int) -> Source:
    """Returns a camera of this machine. Raises InvalidUrl when `number` is out of range."""
    if not 0 <= number < MAX_DEVICES:
        raise InvalidUrl(f"A device is a number from 0 to {MAX_DEVICES - 1}.")
    return Source(SourceKind.DEVICE, device=number)


def is_allowed_address(address: str, networks: Iterable[str]) -> bool:
    """Returns whether a camera may be connected to at an IP address: a public address, or one in
    `networks`, which the operator allows."""
    if is_public(address):
        return True
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    parsed = mapped or parsed
    if any(parsed in ip_network(network) for network in _METADATA_NETWORKS):
        return False
    return any(parsed in ip_network(network) for network in networks)
