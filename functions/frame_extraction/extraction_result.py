"""The result of extracting a window, as its sandbox process returns it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shared.recipes.frames.pack import PackIndex
from shared.recipes.frames.pack_directory import parse_directory


class TimestampsOutOfOrder(Exception):
    """A picture came too late for a target whose frame was already yielded. The window must be
    decoded again, sequentially."""


@dataclass(frozen=True)
class ExtractionResult:
    """The index of a written pack, and warnings for the user."""

    index: PackIndex
    warnings: tuple[str, ...] = ()


def parse_extraction_result(value: bytes) -> ExtractionResult:
    """Parses the value of `extract_in_sandbox`. Raises TimestampsOutOfOrder and PackDamaged."""
    head, _, directory = value.partition(b"\n")
    summary = json.loads(head)
    if "out_of_order" in summary:
        raise TimestampsOutOfOrder(summary["out_of_order"])
    index = parse_directory(directory, summary["size_bytes"])
    return ExtractionResult(index, tuple(summary["warnings"]))
