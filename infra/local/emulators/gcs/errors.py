"""Errors in Google's two formats: JSON on the JSON API, XML on the XML API.

Texts and codes follow https://cloud.google.com/storage/docs/json_api/v1/status-codes and
https://cloud.google.com/storage/docs/xml-api/reference-status.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape  # nosec B406 # writes XML, parses none


class ApiError(Exception):
    """An API error: HTTP status, reason of the JSON API, code of the XML API and message."""

    def __init__(
        self,
        status: int,
        reason: str,
        xml_code: str,
        message: str,
        *,
        details: str = "",
        location: tuple[str, str] | None = None,
        xml_extra: dict[str, str] | None = None,
        xml_message: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.xml_code = xml_code
        self.message = message
        self.details = details
        self.location = location
        self.xml_extra = xml_extra or {}
        self.xml_message = xml_message or message
        self.headers = headers or {}

    def as_json(self) -> dict[str, Any]:
        """Returns `{"error": {code, message, errors: [{message, domain, reason}]}}`."""
        item = {"message": self.message, "domain": "global", "reason": self.reason}
        if self.location is not None:
            item["locationType"], item["location"] = self.location
        return {"error": {"code": self.status, "message": self.message, "errors": [item]}}

    def as_xml(self) -> str:
        """Returns `<Error><Code>…</Code><Message>…</Message>…</Error>`."""
        parts = {"Code": self.xml_code, "Message": self.xml_message}
        if self.details:
            parts["Details"] = self.details
        parts.update(self.xml_extra)
        body = "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in parts.items())
        return f"<?xml version='1.0' encoding='UTF-8'?><Error>{body}</Error>"


def no_such_bucket(bucket: str) -> ApiError:
    """404 for a bucket that does not exist."""
    return ApiError(
        404, "notFound", "NoSuchBucket", "The specified bucket does not exist.", details=bucket
    )


def no_such_object(bucket: str, name: str) -> ApiError:
    """404 for an object, or a generation of it, that does not exist."""
    message = f"No such object: {bucket}/{name}"
    return ApiError(
        404,
        "notFound",
        "NoSuchKey",
        message,
        xml_message="The specified key does not exist.",
        details=message,
    )


def not_found(message: str = "Not Found") -> ApiError:
    """404 for a path that no method of the API serves."""
    return ApiError(404, "notFound", "NotFound", message)


def not_supported(feature: str) -> ApiError:
    """501 for a feature of Google's service that the emulator does not have."""
    return ApiError(
        501, "notImplemented", "NotImplemented", f"This emulator does not support {feature}."
    )


def precondition_failed(condition: str) -> ApiError:
    """412: the named precondition failed."""
    return ApiError(
        412,
        "conditionNotMet",
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold.",
        details=condition,
        location=("header", "If-Match"),
    )


def not_modified() -> ApiError:
    """304 without a body, for a read with a failed "not match" condition."""
    return ApiError(304, "notModified", "NotModified", "Not Modified")


def invalid_argument(
    message: str, *, xml_code: str = "InvalidArgument", details: str = ""
) -> ApiError:
    """400 for an invalid request."""
    return ApiError(400, "invalid", xml_code, message, details=details)


def missing_parameter(parameter: str) -> ApiError:
    """400 for a missing parameter."""
    return ApiError(400, "required", "InvalidArgument", f"Required parameter: {parameter}")


def conflict(message: str, xml_code: str) -> ApiError:
    """409: the state of the bucket does not allow the request."""
    return ApiError(409, "conflict", xml_code, message)


def bad_digest(kind: str, provided: str, calculated: str) -> ApiError:
    """400: a digest does not match the received bytes."""
    noun = "MD5 hash" if kind == "MD5" else kind
    return ApiError(
        400,
        "invalid",
        "BadDigest",
        f'Provided {noun} "{provided}" doesn\'t match calculated {noun} "{calculated}".',
        xml_message=(f"The {kind} in Content-MD5 or x-goog-hash did not match what was computed."),
        details=f"given {provided}, calculated {calculated}",
    )


def too_large() -> ApiError:
    """400: above the upper bound of `x-goog-content-length-range`."""
    return ApiError(
        400,
        "invalid",
        "EntityTooLarge",
        "Your proposed upload is larger than the maximum object size specified in your request.",
        details="Content-length exceeds upper bound on range",
    )


def too_small() -> ApiError:
    """400: below the lower bound of `x-goog-content-length-range`."""
    return ApiError(
        400,
        "invalid",
        "EntityTooSmall",
        "Your proposed upload is smaller than the minimum object size specified in your request.",
        details="Content-length smaller than lower bound on range",
    )


def range_not_satisfiable(requested: str, size_bytes: int) -> ApiError:
    """416: the range starts after the end of the object."""
    return ApiError(
        416,
        "requestedRangeNotSatisfiable",
        "InvalidRange",
        "The requested range cannot be satisfied.",
        details=requested,
        headers={"Content-Range": f"bytes */{size_bytes}"},
    )


def access_denied(details: str, message: str = "Access denied.") -> ApiError:
    """403: the caller is anonymous or not authorized."""
    return ApiError(403, "forbidden", "AccessDenied", message, details=details)


def invalid_query_parameter(name: str, details: str) -> ApiError:
    """400 for an invalid query parameter."""
    return ApiError(
        400,
        "invalid",
        "InvalidQueryParameterValue",
        f"Invalid query parameter(s): [{name}]",
        details=details,
        xml_extra={"ParameterName": name},
    )


def malformed_header(name: str, details: str) -> ApiError:
    """400 for a signed header that is missing, unsigned or malformed."""
    return ApiError(
        400,
        "invalid",
        "MalformedSecurityHeader",
        "Your request has a malformed header.",
        details=details,
        xml_extra={"ParameterName": name},
    )


def signature_mismatch(to_sign: str, canonical: str) -> ApiError:
    """403: the signature is wrong. The details help the client to find the difference."""
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
