"""Answers to a server that asks for a password: Digest (RFC 7616, RFC 2069), Basic (RFC 7617)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from functions.recorder.errors import CameraUnauthorized

_PARAMETER = re.compile(r'([a-z-]+)\s*=\s*(?:"([^"\\]*)"|([^\s,"]+))', re.IGNORECASE)
_HASHES = {"md5": hashlib.md5, "sha-256": hashlib.sha256}


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server asks for. Digest is taken before Basic where both are offered."""

    scheme: str
    realm: str = ""
    nonce: str = ""
    opaque: str = ""
    algorithm: str = "md5"
    qop: bool = False
    nonce_count: list[int] = field(default_factory=lambda: [0])

    def build_authorization(self, user: str, password: str, method: str, uri: str) -> str:
        """The value of the Authorization header."""
        if self.scheme == "basic":
            return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.nonce_count[0] += 1
        count, client = f"{self.nonce_count[0]:08x}", secrets.token_hex(8)
        first = self._hash(f"{user}:{self.realm}:{password}")
        second = self._hash(f"{method}:{uri}")
        middle = f"{self.nonce}:{count}:{client}:auth" if self.qop else self.nonce
        told = {
            "username": user,
            "realm": self.realm,
            "nonce": self.nonce,
            "uri": uri,
            "response": self._hash(f"{first}:{middle}:{second}"),
            **({"opaque": self.opaque} if self.opaque else {}),
            **({"cnonce": client} if self.qop else {}),
        }
        quoted = ", ".join(f'{name}="{value}"' for name, value in told.items())
        bare = f", qop=auth, nc={count}" if self.qop else ""
        named = "" if self.algorithm == "md5" else ", algorithm=SHA-256"
        return f"Digest {quoted}{bare}{named}"

    def _hash(self, text: str) -> str:
        return _HASHES[self.algorithm](text.encode()).hexdigest()


def read_challenge(headers: Iterable[str]) -> Challenge:
    """The best of what a server offers in its WWW-Authenticate headers. Raises CameraLocked when we
    can answer none."""
    found: list[Challenge] = []
    for header in headers:
        scheme, _, rest = header.strip().partition(" ")
        told = {name.lower(): one or two for name, one, two in _PARAMETER.findall(rest)}
        if scheme.lower() == "basic":
            found.append(Challenge("basic"))
        algorithm = told.get("algorithm", "md5").lower()
        qops = [one.strip() for one in told.get("qop", "").split(",")]
        # A user name or realm with a quote in it could end its own place in our answer.
        if scheme.lower() == "digest" and algorithm in _HASHES and (qops == [""] or "auth" in qops):
            found.append(
                Challenge(
                    "digest",
                    told.get("realm", ""),
                    told.get("nonce", ""),
                    told.get("opaque", ""),
                    algorithm,
                    "auth" in qops,
                )
            )
    if not found:
        raise CameraUnauthorized("The camera asks for a password in a way that we do not know.")
    return max(found, key=lambda one: (one.scheme == "digest", one.algorithm == "sha-256"))
