"""V4 signatures (GOOG4-RSA-SHA256) in the query and in the Authorization header, verified.

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

from infra.local.emulators.gcs.errors import ApiError, access_denied
from infra.local.emulators.gcs.xml_api.signer import Signer

ALGORITHM = "GOOG4-RSA-SHA256"
MAX_EXPIRES_S = 604_800
"""Seven days."""
MAX_SKEW_S = 15 * 60
"""How far the signer's clock may be from ours."""
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

_AUTHORIZATION = re.compile(
    ALGORITHM + r"\s+Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-fA-F]+)"
)
_CHUNKED = "STREAMING-GOOG4-RSA-SHA256-PAYLOAD"


@dataclass(frozen=True)
class VerifiedSignature:
    """What a verified request was signed for."""

    payload_sha256: str
    """`UNSIGNED-PAYLOAD`, or the SHA-256 in hex that the body must have."""


@dataclass(frozen=True)
class _Signed:
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
    """Check the signature of a request; raise what Google answers when it is not good.

    `raw_path` is path and query as sent, `headers` lower-case names to the values sent.
    """
    path, _, query = raw_path.partition("?")
    pairs = [_decoded(pair) for pair in query.split("&") if pair]
    authorization = headers.get("authorization", [""])[0]
    signed = _from_query(pairs) or _from_authorization(authorization, headers)
    if signed is None:
        raise access_denied(
            "Anonymous caller does not have access to the Google Cloud Storage object."
        )
    scope = _check_credential(signed, signer)
    _check_time(signed, now_s)
    _check_header_lists(signed, headers)
    payload = headers.get("x-goog-content-sha256", [UNSIGNED_PAYLOAD])[0]
    canonical = "\n".join(
        (
            method,
            quote(unquote_to_bytes(path), safe="/~"),
            _canonical_query(pairs),
            *(f"{name}:{_folded(headers[name])}" for name in signed.signed_headers),
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
        raise _mismatch(to_sign, canonical) from error
    if payload == _CHUNKED:
        raise ApiError(
            501, "notImplemented", "NotImplemented", "Signed chunks are not served here."
        )
    return VerifiedSignature(payload)


def _decoded(pair: str) -> tuple[bytes, bytes]:
    name, _, value = pair.partition("=")
    return unquote_to_bytes(name), unquote_to_bytes(value)


def _canonical_query(pairs: list[tuple[bytes, bytes]]) -> str:
    encoded = (
        (quote(name, safe="~"), quote(value, safe="~"))
        for name, value in pairs
        if name.lower() != b"x-goog-signature"
    )
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def _folded(values: list[str]) -> str:
    return ",".join(re.sub(r"\s+", " ", value.strip()) for value in values)


def _from_query(pairs: list[tuple[bytes, bytes]]) -> _Signed | None:
    found = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in pairs}
    if "x-goog-algorithm" not in found and "x-goog-signature" not in found:
        return None
    for name in ("algorithm", "credential", "date", "expires", "signedheaders", "signature"):
        if not found.get(f"x-goog-{name}"):
            raise ApiError(
                400,
                "invalid",
                "MissingSecurityHeader",
                "Your request was missing a required header.",
                details=f"Missing query parameter: X-Goog-{name.title()}",
            )
    if found["x-goog-algorithm"] != ALGORITHM:
        raise _bad_parameter("X-Goog-Algorithm", f"only {ALGORITHM} is supported")
    expires = found["x-goog-expires"]
    if not (expires.isascii() and expires.isdigit() and len(expires) < 12):
        raise _bad_parameter("X-Goog-Expires", "a number of seconds is wanted")
    if not 1 <= int(expires) <= MAX_EXPIRES_S:
        raise _bad_parameter("X-Goog-Expires", f"must be from 1 to {MAX_EXPIRES_S} seconds")
    return _Signed(
        credential=found["x-goog-credential"],
        date=found["x-goog-date"],
        expires_s=int(expires),
        signed_headers=found["x-goog-signedheaders"].split(";"),
        signature=found["x-goog-signature"],
    )


def _from_authorization(header: str, headers: Mapping[str, list[str]]) -> _Signed | None:
    if not header:
        return None
    match = _AUTHORIZATION.fullmatch(header.strip())
    if match is None:
        raise ApiError(
            401,
            "authError",
            "AuthenticationRequired",
            "Authentication required.",
            details="Only GOOG4-RSA-SHA256 signatures are accepted here.",
        )
    date = headers.get("x-goog-date", [""])[0]
    return _Signed(match[1], date, None, match[2].split(";"), match[3])


def _bad_parameter(name: str, details: str) -> ApiError:
    return ApiError(
        400,
        "invalid",
        "InvalidQueryParameterValue",
        f"Invalid query parameter(s): [{name}]",
        details=details,
        xml_extra={"ParameterName": name},
    )


def _check_credential(signed: _Signed, signer: Signer) -> str:
    parts = signed.credential.split("/")
    shape = len(parts) == 5 and parts[3] == "storage" and parts[4] == "goog4_request"
    if not shape or parts[1] != signed.date[:8]:
        raise _bad_parameter("X-Goog-Credential", "EMAIL/DATE/LOCATION/storage/goog4_request")
    if parts[0] != signer.client_email:
        raise access_denied(f"{parts[0]} is not known here.")
    return "/".join(parts[1:])


def _check_time(signed: _Signed, now_s: float) -> None:
    try:
        at = datetime.strptime(signed.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise _bad_parameter("X-Goog-Date", "YYYYMMDDTHHMMSSZ is wanted") from error
    age_s = now_s - at.timestamp()
    late = signed.expires_s is None and age_s > MAX_SKEW_S
    if age_s < -MAX_SKEW_S or late:
        raise ApiError(
            403,
            "forbidden",
            "RequestTimeTooSkewed",
            "The difference between the request time and the server's time is too large.",
        )
    if signed.expires_s is not None and age_s > signed.expires_s:
        end = datetime.fromtimestamp(at.timestamp() + signed.expires_s, UTC)
        raise ApiError(
            400,
            "invalid",
            "ExpiredToken",
            "Invalid argument.",
            details=(
                "The provided token has expired. "
                f"Request signature expired at: {end.isoformat(timespec='seconds')}"
            ),
        )


def _check_header_lists(signed: _Signed, headers: Mapping[str, list[str]]) -> None:
    listed = signed.signed_headers
    if "host" not in listed:
        raise _malformed("host", "Header must be included in signedheaders.")
    if listed != sorted({name.lower() for name in listed}):
        raise _bad_parameter("X-Goog-SignedHeaders", "lower case and sorted is wanted")
    for name in listed:
        if name not in headers:
            raise _malformed(name, "Header was included in signedheaders, but not in the request.")
    for name in headers:
        if name.startswith("x-goog-") and name not in listed:
            raise _malformed(name, "Header was included in the request, but not in signedheaders.")


def _malformed(name: str, details: str) -> ApiError:
    return ApiError(
        400,
        "invalid",
        "MalformedSecurityHeader",
        "Your request has a malformed header.",
        details=details,
        xml_extra={"ParameterName": name},
    )


def _mismatch(to_sign: str, canonical: str) -> ApiError:
    return ApiError(
        403,
        "forbidden",
        "SignatureDoesNotMatch",
        "Access denied.",
        details=(
            "The request signature we calculated does not match the signature you provided. "
            "Check your Google secret key and signing method."
        ),
        xml_extra={
            "StringToSign": to_sign,
            "CanonicalRequest": canonical.encode("utf-8", "replace").decode(),
        },
    )
