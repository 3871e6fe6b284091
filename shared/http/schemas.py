"""What bodies and queries look like: typed, and nothing that was not asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer

# The API has some ninety models, and a request needs two or three of them: each is built when it is
# first used (`defer_build`; Pydantic builds under a lock of its own).
_CLOSED = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class RequestModel(BaseModel):
    """A JSON body that somebody sends. A number is a number and never text that looks like one."""

    model_config = ConfigDict(**_CLOSED, strict=True, allow_inf_nan=False)


class QueryModel(BaseModel):
    """The part of a URL after `?`, where everything is text and is read as what it should be."""

    model_config = _CLOSED


class ResponseModel(BaseModel):
    """A JSON body that we send."""

    model_config = _CLOSED


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Timestamp = Annotated[datetime, PlainSerializer(_rfc3339, when_used="json")]
"""RFC 3339 in UTC, to the millisecond."""
