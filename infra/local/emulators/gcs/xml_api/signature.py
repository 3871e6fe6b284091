"""Verifies V4 signatures (GOOG4-RSA-SHA256) in the query or the Authorization header.

https://cloud.google.com/storage/docs/authentication/signatures and .../canonical-requests.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote_to_bytes

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from infra.local.emulators.gcs.errors import (
    ApiError,
    access_denied,
    invalid_query_parameter,
    malformed_header,
    not_supported,
    signature_mismatch,
)
from infra.local.emulators.gcs.unsupported import HMAC_SIGNATURES, V2_SIGNATURES
from infra.local.emulators.gcs.xml_api.signer import Signer

ALGORITHM = "GOOG4-RSA-SHA256"
MAX_EXPIRES_S = 604_800
"""Seven days."""
MAX_SKEW_S = 15 * 60
"""Maximum difference between the signer's clock and the server's clock."""
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

_AUTHORIZATION = re.compile(
    ALGORITHM + r"\s+Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-fA-F]+)"
)
_SIGNATURE_PARAMETERS = frozenset(
    {"x-goog-algorithm", "x-goog-signature", "x-amz-algorithm", "googleaccessid"}
)
_HMAC_ALGORITHM = "GOOG4-HMAC-SHA256"
_CHUNKED_PAYLOAD = "STREAMING-GOOG4-RSA-SHA256-PAYLOAD"


@dataclass(frozen=True)
class VerifiedSignature:
    """The result of a successful verification."""

    payload_sha256: str
    """`UNSIGNED-PAYLOAD`, or the required SHA-256 of the body in hex."""


@dataclass(frozen=True)
class _SignedRequest:
    credential: str
    date: str
    expires_s: int | None
    signed_headers: list[str]
    signature: str


def verify_signature(
    signer: Signer,
    method: str,
    raw_path: str,
    headers: Mapping[str, list[str]],
    now_s: float,
) -> VerifiedSignature:
    """Verifies the signature of a request. Raises the error that Google returns if it is invalid.

    `raw_path` is path and query as sent. `headers` maps lower-case names to all values.
    """
    path, _, query = raw_path.partition("?")
    pairs = [_decode_pair(pair) for pair in query.split("&") if pair]
    authorization = headers.get("authorization", [""])[0]
    signed = _from_query(pairs) or _from_authorization(authorization, headers)
    if signed is None:
        raise access_denied(
            "Anonymous caller does not have access to the Google Cloud Storage object."
        )
    scope = _check_credential(signed, signer)
    _check_time(signed, now_s)
    _check_signed_headers(signed, headers)
    payload = headers.get("x-goog-content-sha256", [UNSIGNED_PAYLOAD])[0]
    canonical = "\n".join(
        (
            method,
            quote(unquote_to_bytes(path), safe="/~"),
            _canonical_query(pairs),
            *(f"{name}:{_fold_values(headers[name])}" for name in signed.signed_headers),
            "",
            ";".join(signed.signed_headers),
            payload,
        )
    )
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    to_sign = "\n".join((ALGORITHM, signed.date, scope, digest))
    try:
        signer.public_key.verify(
            bytes.fromhex(signed.signature),
            to_sign.encode(),
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
    except (InvalidSignature, ValueError) as error:
        raise signature_mismatch(to_sign, canonical) from error
    if payload == _CHUNKED_PAYLOAD:
        raise ApiError(501, "notImplemented", "NotImplemented", "Signed chunks are not supported.")
    return VerifiedSignature(payload)


def is_signed(query: Mapping[str, str]) -> bool:
    """Whether the query has parameters of a signature, of any version."""
    return not _SIGNATURE_PARAMETERS.isdisjoint(name.lower() for name in query)


def _decode_pair(pair: str) -> tuple[bytes, bytes]:
    name, _, value = pair.partition("=")
    return unquote_to_bytes(name), unquote_to_bytes(value)


def _canonical_query(pairs: list[tuple[bytes, bytes]]) -> str:
    encoded = (
        (quote(name, safe="~"), quote(value, safe="~"))
        for name, value in pairs
        if name.lower() != b"x-goog-signature"
    )
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def _fold_values(values: list[str]) -> str:
    return ",".join(re.sub(r"\s+", " ", value.strip()) for value in values)


def _from_query(pairs: list[tuple[bytes, bytes]]) -> _SignedRequest | None:
    parameters = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in pairs}
    if "googleaccessid" in parameters:
        raise not_supported(V2_SIGNATURES)
    if "x-amz-algorithm" in parameters or parameters.get("x-goog-algorithm") == _HMAC_ALGORITHM:
        raise not_supported(HMAC_SIGNATURES)
    if "x-goog-algorithm" not in parameters and "x-goog-signature" not in parameters:
        return None
    for name in ("algorithm", "credential", "date", "expires", "signedheaders", "signature"):
        if not parameters.get(f"x-goog-{name}"):
            raise ApiError(
                400,
                "invalid",
                "MissingSecurityHeader",
                "Your request was missing a required header.",
                details=f"Missing query parameter: X-Goog-{name.title()}",
            )
    if parameters["x-goog-algorithm"] != ALGORITHM:
        raise invalid_query_parameter("X-Goog-Algorithm", f"only {ALGORITHM} is supported")
    expires = parameters["x-goog-expires"]
    if not (expires.isascii() and expires.isdigit() and len(expires) < 12):
        raise invalid_query_parameter("X-Goog-Expires", "must be a number of seconds")
    if not 1 <= int(expires) <= MAX_EXPIRES_S:
        raise invalid_query_parameter(
            "X-Goog-Expires", f"must be from 1 to {MAX_EXPIRES_S} seconds"
        )
    return _SignedRequest(
        credential=parameters["x-goog-credential"],
        date=parameters["x-goog-date"],
        expires_s=int(expires),
        signed_headers=parameters["x-goog-signedheaders"].split(";"),
        signature=parameters["x-goog-signature"],
    )


def _from_authorization(header: str, headers: Mapping[str, list[str]]) -> _SignedRequest | None:
    if not header.strip():
        return None
    scheme = header.split()[0]
    if scheme in ("GOOG1", "AWS"):
        raise not_supported(V2_SIGNATURES)
    if scheme in (_HMAC_ALGORITHM, "AWS4-HMAC-SHA256"):
        raise not_supported(HMAC_SIGNATURES)
    match = _AUTHORIZATION.fullmatch(header.strip())
    if match is None:
        raise ApiError(
            401,
            "authError",
            "AuthenticationRequired",
            "Authentication required.",
            details="Only access tokens and GOOG4-RSA-SHA256 signatures are accepted.",
        )
    date = headers.get("x-goog-date", [""])[0]
    return _SignedRequest(match[1], date, None, match[2].split(";"), match[3])


def _check_credential(signed: _SignedRequest, signer: Signer) -> str:
    parts = signed.credential.split("/")
    is_well_formed = len(parts) == 5 and parts[3] == "storage" and parts[4] == "goog4_request"
    if not is_well_formed or parts[1] != signed.date[:8]:
        raise invalid_query_parameter(
            "X-Goog-Credential", "EMAIL/DATE/LOCATION/storage/goog4_request"
        )
    if parts[0] != signer.client_email:
        raise access_denied(f"{parts[0]} is not a known account.")
    return "/".join(parts[1:])


def _check_time(signed: _SignedRequest, now_s: float) -> None:
    try:
        signed_at = datetime.strptime(signed.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise invalid_query_parameter("X-Goog-Date", "must be YYYYMMDDTHHMMSSZ") from error
    age_s = now_s - signed_at.timestamp()
    is_late = signed.expires_s is None and age_s > MAX_SKEW_S
    if age_s < -MAX_SKEW_S or is_late:
        raise ApiError(
            403,
            "forbidden",
            "RequestTimeTooSkewed",
            "The difference between the request time and the server's time is too large.",
        )
    if signed.expires_s is not None and age_s > signed.expires_s:
        expires_at = datetime.fromtimestamp(signed_at.timestamp() + signed.expires_s, UTC)
        raise ApiError(
            400,
            "invalid",
            "ExpiredToken",
            "Invalid argument.",
            details=(
                "The provided token has expired. "
                f"Request signature expired at: {expires_at.isoformat(timespec='seconds')}"
            ),
        )


def _check_signed_headers(signed: _SignedRequest, headers: Mapping[str, list[str]]) -> None:
    signed_names = signed.signed_headers
    if "host" not in signed_names:
        raise malformed_header("host", "Header must be included in signedheaders.")
    if signed_names != sorted({name.lower() for name in signed_names}):
        raise invalid_query_parameter("X-Goog-SignedHeaders", "must be lower case and sorted")
    for name in signed_names:
        if name not in headers:
            raise malformed_header(
                name, "Header was included in signedheaders, but not in the request."
            )
    for name in headers:
        if name.startswith("x-goog-") and name not in signed_names:
            raise malformed_header(
                name, "Header was included in the request, but not in signedheaders."
            )
