"""The pieces of a copy: objects in the work bucket, each with the pictures of a span of the clip.

A piece is the unit that a crash may lose. Pieces are found by their names, which takes no
permission to list a bucket, and depend on nothing but the clip, so every attempt writes the same.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.cameras.browser_copy import copy_prefix
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import declare_work, run_in_sandbox
from shared.media.sandbox.source import Source
from shared.pipeline import FUNCTIONS, Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject

FORMAT_VERSION = 1
"""To be increased when a change of the code changes the bytes of a copy."""
PIECE_S = 10
MAX_PIECES = 400
"""The pieces of a long clip are longer."""
BLOCK_BYTES = 1 << 20
_ENCODE = declare_work("functions.clip_copy.encode", "encode_piece")
_JOIN = declare_work("functions.clip_copy.join", "join_pieces")


@dataclass(frozen=True, slots=True)
class CopiedClip:
    """A clip that is copied, as `Recording.clip` describes it."""

    objects: ObjectStore
    recording: str
    clip: Mapping[str, Any]

    @property
    def spec(self) -> str:
        """A hash of all that determines the copy."""
        key = [self.clip["path"], self.clip["generation"], FORMAT_VERSION, PIECE_S]
        return hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]

    @property
    def count(self) -> int:
        """The number of pieces."""
        return max(1, math.ceil(self._duration_s / self._piece_s))

    @property
    def _piece_s(self) -> int:
        return max(PIECE_S, math.ceil(self._duration_s / MAX_PIECES))

    @property
    def _duration_s(self) -> float:
        return float(self.clip["duration_sec"])

    def find_pieces(self) -> list[StoredObject]:
        """Returns the pieces that are stored, in order, up to the first that is missing."""
        found: list[StoredObject] = []
        for number in range(self.count):
            stored = self.objects.stat(Bucket.WORK, self._piece_name(number))
            if stored is None or stored.spec != self.spec:
                break
            found.append(stored)
        return found

    def drop_pieces(self, pieces: list[StoredObject]) -> None:
        """Deletes pieces. Backwards: after a crash, those that are left are still found."""
        for stored in reversed(pieces):
            self.objects.delete(Bucket.WORK, stored.name, stored.generation)

    def encode(
        self, number: int, on_progress: Callable[[float], None], check: Callable[[], None]
    ) -> StoredObject:
        """Encodes a piece. `on_progress` gets the encoded share of it.

        Raises:
            PermanentError: Of the sandbox process.
            Exception: The error of `check` or `on_progress`, which stops the work.
        """
        begin_s = number * self._piece_s
        is_last = number == self.count - 1
        end_s = None if is_last else begin_s + self._piece_s
        with self.objects.create(
            Bucket.WORK,
            self._piece_name(number),
            content_type="application/octet-stream",
            spec=self.spec,
        ) as writer:
            run_in_sandbox(
                _ENCODE, begin_s, end_s, self._piece_s,
                source=self._source(), sink=writer, limits=_limits(),
                on_progress=lambda percent: on_progress(percent / 100), check=check,
                label="copied piece",
            )  # fmt: skip
        return writer.stored_object

    def join(
        self,
        pieces: list[StoredObject],
        on_progress: Callable[[float], None],
        check: Callable[[], None],
    ) -> tuple[StoredObject, dict[str, int]]:
        """Joins all pieces without encoding. Returns the copy, and its `width` and `height`.

        Raises as `encode`.
        """
        sources = [self._piece_source(stored) for stored in pieces]
        sizes = [stored.size_bytes for stored in pieces]
        with self.objects.create(
            Bucket.OUTPUTS, self.copy_name, content_type="video/mp4", spec=self.spec
        ) as writer:
            result = run_in_sandbox(
                _JOIN, [*sizes, self.clip["size_bytes"]],
                source=Source.from_parts([*sources, self._source()]), sink=writer,
                limits=_limits(), on_progress=lambda percent: on_progress(percent / 100),
                check=check, label="copy",
            )  # fmt: skip
        size: dict[str, int] = json.loads(result.value)
        return writer.stored_object, {name: int(size[name]) for name in ("width", "height")}

    @property
    def copy_name(self) -> str:
        """The name of the copy in the outputs bucket."""
        return f"{copy_prefix(self.recording)}{self.spec[:12]}/clip.mp4"

    def _piece_name(self, number: int) -> str:
        return f"{copy_prefix(self.recording)}{self.spec[:12]}/{number:05d}.piece"

    def _source(self) -> Source:
        reader = self.objects.range_reader(
            Bucket.OUTPUTS, self.clip["path"], self.clip["generation"]
        )
        return Source(reader, self.clip["size_bytes"], BLOCK_BYTES)

    def _piece_source(self, stored: StoredObject) -> Source:
        reader = self.objects.range_reader(Bucket.WORK, stored.name, stored.generation)
        return Source(reader, stored.size_bytes, BLOCK_BYTES)


def _limits() -> Limits:
    return Limits.for_function(FUNCTIONS["clip_copy"])
