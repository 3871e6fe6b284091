"""The base class of the responses. Each has the name of its schema in the OpenAPI document.

A response of a later version may have more members: they are kept as attributes. A member that a
version may lack has a default.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A part of a response."""

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())


class Page(Model):
    """A page of a list. `next_cursor` is None on the last one."""

    next_cursor: str | None
