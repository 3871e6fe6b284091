"""`fields=`: a partial response holds what was asked for, so that nobody relies on the rest.

https://cloud.google.com/storage/docs/json_api#partial-response
"""

from __future__ import annotations

import re
from typing import Any

from infra.local.emulators.gcs.errors import invalid_argument

FieldMask = dict[str, "FieldMask"]
"""Names to what is wanted below them; empty: all of it."""

_MAX_DEPTH = 8
_TOKEN = re.compile(r"[A-Za-z0-9_.*-]+|[(),/]")


def parse_field_mask(text: str) -> FieldMask:
    """`items(name,metadata/job),nextPageToken` as nested names; 400 when it cannot be read."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text.replace(" ", ""):
        raise invalid_argument(f"Invalid field selection {text[:100]}")
    mask, rest = _parse(tokens, 0)
    if rest:
        raise invalid_argument(f"Invalid field selection {text[:100]}")
    return mask


def _parse(tokens: list[str], depth: int) -> tuple[FieldMask, list[str]]:
    mask: FieldMask = {}
    while tokens and depth < _MAX_DEPTH:
        name, *tokens = tokens
        if name in "(),/":
            raise invalid_argument("Invalid field selection.")
        below = mask.setdefault(name, {})
        while tokens[:1] == ["/"] and len(tokens) > 1:
            below = below.setdefault(tokens[1], {})
            tokens = tokens[2:]
        if tokens[:1] == ["("]:
            inner, tokens = _parse(tokens[1:], depth + 1)
            if tokens[:1] != [")"]:
                raise invalid_argument("Invalid field selection.")
            below.update(inner)
            tokens = tokens[1:]
        if tokens[:1] != [","]:
            break
        tokens = tokens[1:]
    return mask, tokens


def apply_field_mask(resource: Any, mask: FieldMask) -> Any:
    """What the mask leaves of a resource; lists are masked item by item."""
    if not mask or "*" in mask:
        return resource
    if isinstance(resource, list):
        return [apply_field_mask(item, mask) for item in resource]
    if not isinstance(resource, dict):
        return resource
    return {
        name: apply_field_mask(resource[name], below)
        for name, below in mask.items()
        if name in resource
    }
