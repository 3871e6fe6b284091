"""The sound of an annotated video of several recordings begins with each of them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.functions.emotion_scoring.video.test_sound import (
    AAC,
    PCM,
    RATE,
    SECONDS,
    Track,
    make_video,
    read_sound,
    write_annotated,
)

MP2 = Track("mp2", 440)
MONO = Track("aac", 700, rate_hz=44_100, layout="mono")
SHORT = Track("pcm_s16le", 440, seconds=2)
LONG = Track("pcm_s16le", 440, seconds=4)
CASES: dict[str, tuple[str, list[list[Track]], set[int]]] = {
    "copied": ("matroska", [[AAC]] * 3, {0, 1, 2}),
    "converted": ("matroska", [[PCM]] * 3, {0, 1, 2}),
    "converted, in one MPEG-TS": ("mpegts", [[MP2]] * 3, {0, 1, 2}),
    "converted, the second without sound": ("matroska", [[PCM], [], [PCM]], {0, 2}),
    "converted, the second without sound, in MOV": ("mov", [[PCM], [], [PCM]], {0, 2}),
    "converted, sound shorter than the pictures": ("matroska", [[SHORT]] * 3, {0, 1, 2}),
    "converted, sound longer than the pictures": ("matroska", [[LONG], [LONG], [PCM]], {0, 1, 2}),
    "of other rates and channels": ("mp4", [[AAC], [MONO], [AAC]], {0, 1, 2}),
    "of other codecs": ("matroska", [[AAC], [Track("libmp3lame")], [PCM]], {0, 1, 2}),
    "of other rates, in one MPEG-TS": ("mpegts", [[AAC], [MONO], [AAC]], {0, 1, 2}),
}


@pytest.mark.parametrize("name", CASES)
def test_sound_begins_with_each_recording(name: str) -> None:
    """Every sound is silent for half of its three seconds of pictures, then a tone."""
    container, recordings, audible = CASES[name]
    film, media_info = write_annotated(
        b"".join(make_video(container, tracks) for tracks in recordings)
    )
    _, samples = read_sound(film)

    assert len(media_info.discontinuities) == len(recordings) - 1
    level = np.abs(samples[: RATE * SECONDS * 3]).reshape(-1, RATE // 20).max(axis=1) > 0.1
    for number in range(len(recordings)):
        part = level[number * 60 : number * 60 + 60]
        # The sound may last for up to a second longer than the pictures of the recording before.
        assert not part[22:29].any()
        assert part[31:39].all() == (number in audible)
        assert part[31:39].any() == (number in audible)
