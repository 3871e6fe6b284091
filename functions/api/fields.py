"""Field types that several request models share.

Each constraint that a validator checks is also in the JSON schema, so that the documentation is as
strict as the code.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError


def _printable(text: str) -> str:
    """Returns the text with runs of white space collapsed; rejects control characters."""
    if any(ord(char) < 32 or 127 <= ord(char) < 160 for char in text):
        raise PydanticCustomError("control", "Control characters cannot be used")
    clean = " ".join(text.split())
    if not clean:
        raise PydanticCustomError("blank", "It must not be blank")
    return clean


def _scalar(value: Any) -> Any:
    if value is not None and not isinstance(value, str | int | float):
        raise PydanticCustomError("scalar", "An option is a text, a number, true, false or null")
    return value


def _rfc3339(value: Any) -> Any:
    """Returns the value; rejects numbers, which would be seconds since 1970."""
    if not isinstance(value, str) or not _TIME.match(value):
        raise PydanticCustomError("time", "A time has the form 2026-11-30T12:00:00Z")
    return value


_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}")
Time = Annotated[AwareDatetime, BeforeValidator(_rfc3339)]
"""A time with its offset from UTC (RFC 3339)."""
_IN_LINE = r"[^\x00-\x1f\x7f-\x9f]"


Line = Annotated[
    str,
    Field(
        min_length=1,
        json_schema_extra={"pattern": rf"^{_IN_LINE}*[^\s\x00-\x1f\x7f-\x9f]{_IN_LINE}*$"},
    ),
    AfterValidator(_printable),
]
Scalar = Annotated[
    Any,
    AfterValidator(_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"]}),
]
MediaType = Annotated[
    str,
    Field(
        max_length=127,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$",
    ),
]
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EmailAddress = Annotated[
    str,
    # The pattern of <input type="email"> (WHATWG HTML), with at least one dot in the domain.
    Field(
        max_length=254,
        pattern=rf"^[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+)*"
        rf"@({_LABEL}\.)+{_LABEL}$",
    ),
    AfterValidator(str.lower),
]
Password = Annotated[str, Field(min_length=10, max_length=128)]
"""NIST SP 800-63B: a minimum length and no rules about the characters."""
WebAddress = Annotated[
    str, Field(max_length=2000, pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?$")
]
