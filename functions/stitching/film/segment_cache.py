"""A cache of encoded segments, so that an unchanged slide is not encoded again.

A segment is cached for all jobs of the owner by a hash of its content: what it shows, its length,
and the versions and options of the encoder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import metadata
from typing import Any

import av

from functions.stitching.film.encoding import EncodedSegment, Movement, encoder_options
from functions.stitching.film.frames import FrameRenderer
from functions.stitching.film.segment_encoder import encode_segment
from functions.stitching.film.segments import Segment
from shared.runtime.owner_cache import OwnerCache, content_key
from shared.typography.versions import drawing_versions

SEGMENT_VERSION = 5
"""Incremented when the same content is drawn or encoded differently."""


class SegmentCache:
    """The segments of one film. `encoded` are the scenes with a newly encoded segment."""

    def __init__(
        self,
        cache: OwnerCache,
        renderer: FrameRenderer,
        size: tuple[int, int],
        motion: Movement,
    ) -> None:
        self._cache = cache
        self._renderer = renderer
        self._size = size
        self._motion = motion
        self.encoded_scenes: set[int] = set()

    def get_segments(
        self, segments: Sequence[Segment], check: Callable[[], None]
    ) -> Iterator[tuple[int, EncodedSegment]]:
        """Yields the start in samples and the pictures of every segment.

        A segment is read from the cache, or encoded and stored, before the next one: an interrupted
        attempt keeps what it encoded.
        """
        previous_key, encoded = "", EncodedSegment(b"", ())
        for segment in segments:
            check()
            key = self._key(segment)
            # Consecutive cycles of a motion are the same segment.
            if key != previous_key:
                previous_key, encoded = key, self._get(segment, key, check)
            yield segment.start, encoded

    def _get(self, segment: Segment, key: str, check: Callable[[], None]) -> EncodedSegment:
        stored = self._cache.read(key)
        if stored is not None:
            return EncodedSegment.from_bytes(stored)
        self.encoded_scenes.add(segment.scene)
        encoded = encode_segment(self._renderer.render(segment), self._size, self._motion, check)
        self._cache.write(key, encoded.to_bytes(), "application/octet-stream")
        return encoded

    def _key(self, segment: Segment) -> str:
        return content_key(
            "segment",
            SEGMENT_VERSION,
            encoder_versions(),
            dict(encoder_options(self._motion)),
            self._size,
            self._renderer.content(segment),
            drawing_versions() if segment.burned_lines else None,
        )


@cache
def encoder_versions() -> Sequence[Any]:
    """Returns the versions of the encoders, and of the library that moves pictures. Segments of
    different encoders cannot be muxed together."""
    return av.__version__, av.library_versions, metadata.version("opencv-python-headless")
