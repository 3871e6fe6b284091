"""Partial responses: the query parameter `fields` selects the fields of a response.

https://cloud.google.com/storage/docs/json_api#partial-response
"""

from __future__ import annotations

import re
from typing import Any

from infra.local.emulators.gcs.errors import invalid_argument

FieldMask = dict[str, "FieldMask"]
"""Selected field names with the masks of their children. An empty mask selects everything."""

_MAX_DEPTH = 8
_TOKEN = re.compile(r"[A-Za-z0-9_.*-]+|[(),/]")


def parse_field_mask(text: str) -> FieldMask:
    """Parses a mask such as `items(name,metadata/job),nextPageToken`. Raises 400."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text.replace(" ", ""):
        raise invalid_argument(f"Invalid field selection {text[:100]}")
    mask, remaining = _parse_mask(tokens, 0)
    if remaining:
        raise invalid_argument(f"Invalid field selection {text[:100]}")
    return mask


def _parse_mask(tokens: list[str], depth: int) -> tuple[FieldMask, list[str]]:
    mask: FieldMask = {}
    while tokens and depth < _MAX_DEPTH:
        name, *tokens = tokens
        if name in "(),/":
            raise invalid_argument("Invalid field selection.")
        nested = mask.setdefault(name, {})
        while tokens[:1] == ["/"] and len(tokens) > 1:
            nested = nested.setdefault(tokens[1], {})
            tokens = tokens[2:]
        if tokens[:1] == ["("]:
            group, tokens = _parse_mask(tokens[1:], depth + 1)
            if tokens[:1] != [")"]:
                raise invalid_argument("Invalid field selection.")
            nested.update(group)
            tokens = tokens[1:]
        if tokens[:1] != [","]:
            break
        tokens = tokens[1:]
    return mask, tokens


def apply_field_mask(resource: Any, mask: FieldMask) -> Any:
    """Returns the selected fields of a resource. Masks apply to each item of a list."""
    if not mask or "*" in mask:
        return resource
    if isinstance(resource, list):
        return [apply_field_mask(item, mask) for item in resource]
    if not isinstance(resource, dict):
        return resource
    return {
        name: apply_field_mask(resource[name], nested)
        for name, nested in mask.items()
        if name in resource
    }
