"""Frames with side data that PyAV does not know are decoded."""

from __future__ import annotations

import io

from functions.upload_trigger.probes.video import probe
from tests.fixtures.media.uploads import draw_quarters, encode_heic


def test_heic_as_a_video_is_examined_although_its_frame_carries_exif() -> None:
    """Found by the hostile corpus: `ValueError: 31 is not a valid Type`, in every attempt."""
    data = encode_heic(draw_quarters(240, 160), 6)
    video = probe(io.BytesIO(data), len(data)).video
    assert (video.codec, video.width, video.height) == ("hevc", 240, 160)
