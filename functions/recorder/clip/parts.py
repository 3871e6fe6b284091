"""Joins a clip in parts, each of which is written once, so that a join can be continued.

A part is two objects: `.body` (its packets as they are in the clip) and `.head` (where they are).
The head is written last, so a part with a head is complete. Names and contents depend only on the
segments: whoever repeats a part, or writes it at the same time, gets the same objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from functions.recorder.clip.concat_reader import ConcatReader
from functions.recorder.clip.entries import MAX_PROBE_BYTES, Rows
from functions.recorder.clip.moov import PartHead, write_head
from functions.recorder.clip.mux_plan import MuxPlan
from shared.cameras.recording import clip_prefix
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import declare_work, run_in_sandbox
from shared.media.sandbox.source import Source
from shared.pipeline import FUNCTIONS, Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject
from shared.runtime.results_writer import read_object, write_once

PART_BYTES = 16 << 20
"""The size of a part: a few seconds of work, which a crash loses."""
PART_PACKETS = 1 << 16
MAX_PARTS_BY_SIZE = 400
"""Parts of a very large clip are larger. With as many parts by number of packets, two levels of
compose are enough."""
COMPOSE_LIMIT = 32
"""The number of objects that Cloud Storage composes at a time."""
BLOCK_BYTES = 1 << 20
CONTENT_TYPES = {"mp4": "video/mp4", "mov": "video/quicktime"}
_PART_CONTENT_TYPE = "application/octet-stream"
_BODY, _HEAD = ".body", ".head"
_MUX_PART = declare_work("functions.recorder.clip.mux", "mux_part")


@dataclass(frozen=True, slots=True)
class PartStore:
    """The parts of one clip in the outputs bucket. `spec` identifies everything that determines
    their content."""

    objects: ObjectStore
    recording: str
    spec: str

    @property
    def folder(self) -> str:
        """The prefix of the clip and its parts."""
        return f"{clip_prefix(self.recording)}{self.spec[:12]}/"

    def complete_parts(self) -> dict[str, StoredObject]:
        """Returns the bodies and heads of complete parts by name."""
        stored = {
            item.name: item
            for item in self.objects.list_objects(Bucket.OUTPUTS, self.folder)
            if item.spec == self.spec
        }
        return {
            name: item
            for name, item in stored.items()
            if (name.endswith(_BODY) and (name.removesuffix(_BODY) + _HEAD) in stored)
            or (name.endswith(_HEAD) and (name.removesuffix(_HEAD) + _BODY) in stored)
        }

    def part_name(self, number: int, suffix: str) -> str:
        """Returns the name of an object of a part."""
        return f"{self.folder}{number:05d}{suffix}"


def count_complete_parts(objects: ObjectStore, recording: str) -> int:
    """Returns the number of parts that attempts to join a recording have completed."""
    stored = objects.list_objects(Bucket.OUTPUTS, clip_prefix(recording))
    return sum(item.name.endswith(_HEAD) for item in stored)


def drop_parts(objects: ObjectStore, recording: str, keep: str = "") -> None:
    """Deletes what joining has written but for the object `keep`."""
    for item in objects.list_objects(Bucket.OUTPUTS, clip_prefix(recording)):
        if item.name != keep:
            objects.delete(item.bucket, item.name, item.generation)


def split_plan(plan: MuxPlan) -> Iterator[Rows]:
    """Yields the packets of each part."""
    sizes = np.concatenate([rows["size_bytes"].astype(np.uint32) for rows in plan.tracks])
    ends = np.cumsum(sizes[plan.order], dtype=np.int64)
    part_bytes = max(PART_BYTES, -(-int(ends[-1]) // MAX_PARTS_BY_SIZE))
    part_packets = max(PART_PACKETS, -(-len(ends) // MAX_PARTS_BY_SIZE))
    by_count = np.arange(len(ends), dtype=np.uint32) // part_packets
    changes = (np.diff(ends // part_bytes) != 0) | (np.diff(by_count) != 0)
    bounds = [0, *(np.flatnonzero(changes) + 1).tolist(), len(ends)]
    del sizes, ends, by_count, changes
    for start, end in pairwise(bounds):
        yield plan.select(start, end)


def write_parts(
    store: PartStore, plan: MuxPlan, reader: ConcatReader, check: Callable[[], None]
) -> list[tuple[StoredObject, StoredObject]]:
    """Writes the missing parts. Returns the body and head of each.

    Raises:
        PermanentError: Of the sandbox process.
        Exception: The error of `check`, which stops the work. Complete parts are kept.
    """
    complete = store.complete_parts()
    source = Source(reader.open(store.objects), reader.size_bytes, BLOCK_BYTES)
    probe_entries = probe_entries_of(plan)
    parts: list[tuple[StoredObject, StoredObject]] = []
    for number, entries in enumerate(split_plan(plan)):
        body_name, head_name = (store.part_name(number, suffix) for suffix in (_BODY, _HEAD))
        if body_name in complete and head_name in complete:
            parts.append((complete[body_name], complete[head_name]))
            continue
        with store.objects.create(
            Bucket.OUTPUTS, body_name, content_type=_PART_CONTENT_TYPE, spec=store.spec
        ) as writer:
            result = run_in_sandbox(
                _MUX_PART,
                plan.container,
                plan.codecs,
                plan.rates,
                probe_entries,
                entries.tobytes(),
                source=source,
                sink=writer,
                limits=Limits.for_function(FUNCTIONS["recorder"]),
                check=check,
                label="clip",
            )
        head = write_once(
            store.objects, Bucket.OUTPUTS, head_name, result.value,
            content_type=_PART_CONTENT_TYPE, spec=store.spec,
        )  # fmt: skip
        parts.append((writer.stored_object, head))
    return parts


def compose_clip(
    store: PartStore, plan: MuxPlan, parts: list[tuple[StoredObject, StoredObject]]
) -> StoredObject:
    """Composes the clip from its parts on the server; only their heads are read."""
    heads = (PartHead(read_object(store.objects, head), body.size_bytes) for body, head in parts)
    content_type = CONTENT_TYPES[plan.container]
    head = write_once(
        store.objects, Bucket.OUTPUTS, f"{store.folder}clip{_HEAD}", write_head(plan, heads),
        content_type=content_type, spec=store.spec,
    )  # fmt: skip
    pieces = [head, *(body for body, _ in parts)]
    level = 0
    while len(pieces) > COMPOSE_LIMIT:
        level += 1
        pieces = [
            _compose(store, f"{store.folder}{level}-{start:05d}.group", group, content_type)
            for start in range(0, len(pieces), COMPOSE_LIMIT)
            if (group := pieces[start : start + COMPOSE_LIMIT])
        ]
    return _compose(store, f"{store.folder}clip.{plan.container}", pieces, content_type)


def _compose(
    store: PartStore, name: str, pieces: list[StoredObject], content_type: str
) -> StoredObject:
    stored, _ = store.objects.compose(
        Bucket.OUTPUTS, name, pieces, content_type=content_type, spec=store.spec
    )
    return stored


def probe_entries_of(plan: MuxPlan) -> bytes:
    """Returns the first packets of each track, in which FFmpeg finds the decoder parameters."""
    chosen: list[Rows] = []
    for rows in plan.tracks:
        ends = np.cumsum(rows["size_bytes"], dtype=np.int64)
        chosen.append(rows[: int(np.searchsorted(ends, MAX_PROBE_BYTES)) + 1])
    return b"".join(rows.tobytes() for rows in chosen)
