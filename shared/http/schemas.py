"""Base classes of request bodies, queries and response bodies: typed, without unknown fields."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

# The API has about 90 models, of which a request needs two or three. So each model is built when it
# is used first (`defer_build`; Pydantic holds a lock while it builds).
_BASE_CONFIG = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class RequestModel(BaseModel):
    """A JSON request body. Types are strict: text is not converted to a number."""

    model_config = ConfigDict(**_BASE_CONFIG, strict=True, allow_inf_nan=False)

    @classmethod
    def find_more_errors(cls, data: bytes) -> list[tuple[str, str]]:  # noqa: ARG003
        """Returns errors that are usually found only after the model is valid, as pairs of a field
        and a message, for a body that the model rejects. So all of them are reported at once.

        Args:
            data: The body, which is JSON.
        """
        return []


class QueryModel(BaseModel):
    """The query of a URL. All values are text and are converted to the declared types."""

    model_config = _BASE_CONFIG


class ResponseModel(BaseModel):
    """A JSON response body."""

    model_config = _BASE_CONFIG


def _rfc3339(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Timestamp = Annotated[
    datetime,
    PlainSerializer(_rfc3339, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
"""RFC 3339 in UTC, to the millisecond."""
