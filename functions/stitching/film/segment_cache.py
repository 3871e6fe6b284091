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

from functions.stitching.film.encoding import encode_run, settings
from functions.stitching.film.frames import Scenery
from functions.stitching.film.segments import Passage
from shared.pipeline import Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.films.options import Motion

RECIPE_OF_RUNS = 2
"""Raised when the same content would be encoded or drawn otherwise."""


class Runs:
    """The runs of one film. `encoded` are the scenes of which something had to be encoded."""

    def __init__(
        self,
        objects: ObjectStore,
        folder: str,
        scenery: Scenery,
        size: tuple[int, int],
        motion: Motion,
    ) -> None:
        self._objects = objects
        self._folder = folder
        self._scenery = scenery
        self._size = size
        self._motion = motion
        self.encoded: set[int] = set()

    def all_of(
        self, passages: Sequence[Passage], check: Callable[[], None]
    ) -> Iterator[tuple[int, bytes]]:
        """Every passage's start in samples and its run, found or encoded one by one: what is made
        stays when the work is broken off."""
        key, run = "", b""
        for passage in passages:
            check()
            wanted = self._key(passage)
            # One cycle of a move after another is the same run.
            if wanted != key:
                key, run = wanted, self._run(passage, wanted, check)
            yield passage.start, run

    def _run(self, passage: Passage, key: str, check: Callable[[], None]) -> bytes:
        name = f"{self._folder}{key[:32]}.mp4"
        there = self._objects.stat(Bucket.WORK, name)
        if there is not None and there.spec == key:
            read = self._objects.read_at(there.bucket, there.name, there.generation)
            return read(0, there.size_bytes)
        self.encoded.add(passage.scene)
        run = encode_run(self._scenery.shown(passage), self._size, self._motion, check)
        with self._objects.create(Bucket.WORK, name, content_type="video/mp4", spec=key) as writer:
            writer.write(run)
        return run

    def _key(self, passage: Passage) -> str:
        content: list[Any] = [
            RECIPE_OF_RUNS,
            # Runs of two encoders do not fit together.
            av.__version__,
            dict(settings(self._motion)),
            self._size,
            self._scenery.content(passage),
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
