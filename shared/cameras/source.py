"""The source of a camera: the URL that a user gives, checked and shown without its password."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

from shared.net.address_policy import InvalidUrl, format_authority, split_url

DEFAULT_PORTS = {"rtsp": 554, "http": 80, "https": 443}
"""The allowed schemes with their default ports."""
LOW_PORTS = frozenset({80, 443, 554, 888})
"""The only allowed ports below 1024: the others belong to mail, shells and name servers."""
MAX_DEVICES = 16


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
        return format_authority(self.host, self.port, DEFAULT_PORTS[self.scheme])

    @property
    def has_credentials(self) -> bool:
        """Whether the source contains secrets; a query may contain a token."""
        return bool(self.user or self.password or _has_assignment(self.path) or "?" in self.path)

    def camera_id(self, owner: str) -> str:
        """Returns the id of the camera; it does not depend on user and password."""
        location = f"{self.kind} {self.scheme} {self.host} {self.port} {self.path} {self.device}"
        return hashlib.sha256(f"{owner}\n{location}".encode()).hexdigest()[:20]

    def to_dict(self) -> dict[str, Any]:
        """Returns the source as `camera_secrets` stores it encrypted; no other document may contain
        it."""
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
            resolved, by an `AddressPolicy`.

    Raises:
        InvalidUrl: With a message that does not repeat the URL.
    """
    parts = split_url(url, DEFAULT_PORTS, allow_private=allow_private)
    if parts.port < 1024 and parts.port not in LOW_PORTS:
        raise InvalidUrl("No camera listens at this port.")
    user, password = unquote(parts.user or ""), unquote(parts.password or "")
    if any(not char.isprintable() for char in user + password) or ":" in user:
        raise InvalidUrl(
            "The user name or password in the URL has a character that cannot be sent."
        )
    kind = SourceKind.RTSP if parts.scheme == "rtsp" else SourceKind.MJPEG
    return Source(kind, parts.scheme, parts.host, parts.port, parts.path, user, password)


def device_source(number: int) -> Source:
    """Returns a camera of this machine. Raises InvalidUrl when `number` is out of range."""
    if not 0 <= number < MAX_DEVICES:
        raise InvalidUrl(f"A device is a number from 0 to {MAX_DEVICES - 1}.")
    return Source(SourceKind.DEVICE, device=number)
