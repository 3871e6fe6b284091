"""A cache of encoded segments, so that an unchanged slide is not encoded again.

A segment is stored in the work bucket under its job, by a hash of its content: what it shows, its
length, and the encoder options. It is deleted with the job.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import av

from functions.stitching.film.encoding import Movement, encode_segment, encoder_options
from functions.stitching.film.frames import FrameRenderer
from functions.stitching.film.segments import Segment
from shared.pipeline import Bucket
from shared.ports.objects import ObjectStore

SEGMENT_VERSION = 3
"""Incremented when the same content is drawn or encoded differently."""


class SegmentCache:
    """The segments of one film. `encoded` are the scenes with a newly encoded segment."""

    def __init__(
        self,
        objects: ObjectStore,
        prefix: str,
        renderer: FrameRenderer,
        size: tuple[int, int],
        motion: Movement,
    ) -> None:
        self._objects = objects
        self._prefix = prefix
        self._renderer = renderer
        self._size = size
        self._motion = motion
        self.encoded_scenes: set[int] = set()

    def get_segments(
        self, segments: Sequence[Segment], check: Callable[[], None]
    ) -> Iterator[tuple[int, bytes]]:
        """Yields the start in samples and the encoded bytes of every segment.

        A segment is read from the cache, or encoded and stored, before the next one: an interrupted
        attempt keeps what it encoded.
        """
        previous_key, data = "", b""
        for segment in segments:
            check()
            key = self._key(segment)
            # Consecutive cycles of a motion are the same segment.
            if key != previous_key:
                previous_key, data = key, self._get(segment, key, check)
            yield segment.start, data

    def _get(self, segment: Segment, key: str, check: Callable[[], None]) -> bytes:
        name = f"{self._prefix}{key[:32]}.mp4"
        stored = self._objects.stat(Bucket.WORK, name)
        if stored is not None and stored.spec == key:
            read = self._objects.range_reader(stored.bucket, stored.name, stored.generation)
            return read(0, stored.size_bytes)
        self.encoded_scenes.add(segment.scene)
        data = encode_segment(self._renderer.render(segment), self._size, self._motion, check)
        with self._objects.create(Bucket.WORK, name, content_type="video/mp4", spec=key) as writer:
            writer.write(data)
        return data

    def _key(self, segment: Segment) -> str:
        content: list[Any] = [
            SEGMENT_VERSION,
            # Segments of different encoders cannot be muxed together.
            av.__version__,
            dict(encoder_options(self._motion)),
            self._size,
            self._renderer.content(segment),
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
