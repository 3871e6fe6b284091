"""A CopyHarness with its own buckets for each test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from functions.clip_copy.pieces import CopiedClip
from tests.fixtures.copied_clips import CopyHarness, make_harness
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.media.mjpeg_clips import make_mjpeg_clip

TIMES = [n * 30_000 for n in range(9)]
"""Nine pictures in three seconds: three pieces of one second."""


@pytest.fixture
def copies(gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch) -> CopyHarness:
    """A recording with a clip of three pieces."""
    monkeypatch.setattr("functions.clip_copy.pieces.PIECE_S", 1)
    monkeypatch.setattr("functions.clip_copy.copy_clip.INTERVAL_S", 0)
    harness = make_harness(gcs)
    colours = [(200, 30, 30), (20, 180, 40)]
    harness.add_recording(make_mjpeg_clip(TIMES, colours, last_length=30_000), 3.0)
    return harness


def stop_after(pieces: int, monkeypatch: pytest.MonkeyPatch, stop: Callable[[], Any]) -> None:
    """Calls `stop` after this number of pieces."""
    encode, count = CopiedClip.encode, 0

    def counted(self: CopiedClip, number: int, *arguments: Any) -> Any:
        nonlocal count
        stored = encode(self, number, *arguments)
        count += 1
        if count == pieces:
            stop()
        return stored

    monkeypatch.setattr(CopiedClip, "encode", counted)
