"""Runs that were encoded before: a slide that did not change is not encoded again.

A run is kept in the work bucket under its job, by its content's address: what it shows, how long,
and how it is encoded. It goes when the job goes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import av

from functions.stitching.film.encoding import encode_segment, encoder_options
from functions.stitching.film.frames import FrameRenderer
from functions.stitching.film.segments import Segment
from shared.pipeline import Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.films.options import Motion

SEGMENT_VERSION = 2
"""Raised when the same content would be encoded or drawn otherwise."""


class SegmentCache:
    """The runs of one film. `encoded` are the scenes of which something had to be encoded."""

    def __init__(
        self,
        objects: ObjectStore,
        folder: str,
        renderer: FrameRenderer,
        size: tuple[int, int],
        motion: Motion,
    ) -> None:
        self._objects = objects
        self._folder = folder
        self._scenery = renderer
        self._size = size
        self._motion = motion
        self.encoded: set[int] = set()

    def get_segments(
        self, segments: Sequence[Segment], check: Callable[[], None]
    ) -> Iterator[tuple[int, bytes]]:
        """Every passage's start in samples and its run, found or encoded one by one: what is made
        stays when the work is broken off."""
        key, run = "", b""
        for passage in segments:
            check()
            wanted = self._key(passage)
            # One cycle of a move after another is the same run.
            if wanted != key:
                key, run = wanted, self._run(passage, wanted, check)
            yield passage.start, run

    def _run(self, passage: Segment, key: str, check: Callable[[], None]) -> bytes:
        name = f"{self._folder}{key[:32]}.mp4"
        there = self._objects.stat(Bucket.WORK, name)
        if there is not None and there.spec == key:
            read = self._objects.range_reader(there.bucket, there.name, there.generation)
            return read(0, there.size_bytes)
        self.encoded.add(passage.scene)
        run = encode_segment(self._scenery.render(passage), self._size, self._motion, check)
        with self._objects.create(Bucket.WORK, name, content_type="video/mp4", spec=key) as writer:
            writer.write(run)
        return run

    def _key(self, passage: Segment) -> str:
        content: list[Any] = [
            SEGMENT_VERSION,
            # Runs of two encoders do not fit together.
            av.__version__,
            dict(encoder_options(self._motion)),
            self._size,
            self._scenery.content(passage),
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
