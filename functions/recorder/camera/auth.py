"""HTTP and RTSP authentication: Digest (RFC 7616, RFC 2069) and Basic (RFC 7617)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from functions.recorder.errors import CameraUnauthorized

# Values with a quote or backslash do not match: in our response they could end the quoted string.
_PARAMETER = re.compile(r'([a-z-]+)\s*=\s*(?:"([^"\\]*)"|([^\s,"]+))', re.IGNORECASE)
_HASHES = {"md5": hashlib.md5, "sha-256": hashlib.sha256}


@dataclass(frozen=True, slots=True)
class Challenge:
    """A server's request for credentials. `is_stale`: only the nonce of the last request was
    refused, not its password."""

    scheme: str
    realm: str = ""
    nonce: str = ""
    opaque: str = ""
    algorithm: str = "md5"
    qop: bool = False
    is_stale: bool = False
    nonce_count: list[int] = field(default_factory=lambda: [0])

    def build_authorization(self, user: str, password: str, method: str, uri: str) -> str:
        """Returns the value of the Authorization header."""
        if self.scheme == "basic":
            return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.nonce_count[0] += 1
        count, client_nonce = f"{self.nonce_count[0]:08x}", secrets.token_hex(8)
        # A1 and A2 of RFC 7616 §3.4.
        a1_hash = self._hash(f"{user}:{self.realm}:{password}")
        a2_hash = self._hash(f"{method}:{uri}")
        nonces = f"{self.nonce}:{count}:{client_nonce}:auth" if self.qop else self.nonce
        parameters = {
            "username": user,
            "realm": self.realm,
            "nonce": self.nonce,
            "uri": uri,
            "response": self._hash(f"{a1_hash}:{nonces}:{a2_hash}"),
            **({"opaque": self.opaque} if self.opaque else {}),
            **({"cnonce": client_nonce} if self.qop else {}),
        }
        quoted = ", ".join(f'{name}="{value}"' for name, value in parameters.items())
        qop = f", qop=auth, nc={count}" if self.qop else ""
        algorithm = "" if self.algorithm == "md5" else ", algorithm=SHA-256"
        return f"Digest {quoted}{qop}{algorithm}"

    def follow(self, previous: Challenge | None) -> Challenge:
        """Returns this challenge as it follows `previous`: requests with the same nonce are counted
        on, because a server refuses a count that it has seen."""
        if previous is None or previous.nonce != self.nonce:
            return self
        return replace(self, nonce_count=previous.nonce_count)

    def read_next_nonce(self, authentication_info: str) -> Challenge:
        """Returns the challenge with the nonce that the header Authentication-Info of a response
        gives for the next request (RFC 7616 §3.5), or this one."""
        nonce = _read_parameters(authentication_info).get("nextnonce", "")
        return replace(self, nonce=nonce, nonce_count=[0]) if nonce else self

    def _hash(self, text: str) -> str:
        return _HASHES[self.algorithm](text.encode()).hexdigest()


def read_challenge(headers: Iterable[str]) -> Challenge:
    """Returns the strongest supported challenge of the WWW-Authenticate headers: Digest before
    Basic, SHA-256 before MD5. Raises CameraUnauthorized when none is supported."""
    challenges: list[Challenge] = []
    for header in headers:
        scheme, _, rest = header.strip().partition(" ")
        parameters = _read_parameters(rest)
        if scheme.lower() == "basic":
            challenges.append(Challenge("basic"))
        algorithm = parameters.get("algorithm", "md5").lower()
        qops = [qop.strip() for qop in parameters.get("qop", "").split(",")]
        if scheme.lower() == "digest" and algorithm in _HASHES and (qops == [""] or "auth" in qops):
            challenges.append(
                Challenge(
                    "digest",
                    parameters.get("realm", ""),
                    parameters.get("nonce", ""),
                    parameters.get("opaque", ""),
                    algorithm,
                    "auth" in qops,
                    parameters.get("stale", "").lower() == "true",
                )
            )
    if not challenges:
        raise CameraUnauthorized("The camera asks for a password in a way that is not supported.")
    return max(
        challenges,
        key=lambda challenge: (challenge.scheme == "digest", challenge.algorithm == "sha-256"),
    )


def _read_parameters(header: str) -> dict[str, str]:
    return {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(header)}
