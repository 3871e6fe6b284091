"""Videos that consist of several recordings, or have several sound tracks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.speech_recognition.tracks import find_spoken_track
from functions.upload_trigger.probes.media import probe_media
from shared.media.audio.stream import open_sound
from shared.media.containers.range_file import RangeFile
from shared.ports.speech_recognition import SAMPLE_RATE_HZ
from shared.recipes.media_info import MediaInfo
from shared.recipes.upload_results import SoundInfo
from tests.fakes.tone_recognizer import ToneRecognizer
from tests.fixtures.media.tone_words import regular_words, render_words, write_media
from tests.fixtures.stage_harness import StageHarness
from tests.unit.functions.speech_recognition.test_captioned_copies import make_tracks
from tests.unit.functions.speech_recognition.test_recognition import (
    assert_words,
    captions_job,
    recognizer,
    run,
)

__all__ = ["recognizer"]


@pytest.mark.parametrize(
    ("container", "windows"),
    [
        ("mp4", ({"window": 0, "begin_s": 0},)),
        ("mp4", ({"window": 0, "begin_s": 0, "end_s": 8}, {"window": 1, "begin_s": 8})),
        ("matroska", ({"window": 0, "begin_s": 0},)),
        ("mpegts", ({"window": 0, "begin_s": 0},)),
    ],
)
def test_all_recordings_of_an_upload_are_recognized_in_the_time_of_the_video(
    harness: StageHarness,
    recognizer: ToneRecognizer,
    container: str,
    windows: tuple[dict[str, int], ...],
) -> None:
    words = regular_words(10)
    later = [replace(word, number=word.number + 20) for word in words]
    first, second = (
        write_media(render_words(spoken, 6), SAMPLE_RATE_HZ, container, "aac", video_s=6)
        for spoken in (words, later)
    )
    done, transcript = run(harness, captions_job(harness, first + second), windows)
    assert recognizer.requests
    expected = [*words, *(replace(word, start_s=word.start_s + 6) for word in later)]
    assert_words(transcript, expected, within_s=0.12)
    assert not any("decoded" in warning for warning in done.warnings)


@pytest.mark.parametrize("container", ["wav", "mp4"])
def test_recording_behind_a_sound_that_is_not_read_is_a_warning(container: str) -> None:
    codec = "pcm_s16le" if container == "wav" else "aac"
    data = write_media(render_words(regular_words(2), 2), SAMPLE_RATE_HZ, container, codec)
    assert not probe_sound_of(data).warnings
    assert probe_sound_of(data + data).warnings == (
        "The file consists of several recordings; only the first one is used, which ends at 0:02.",
    )


def test_sound_with_several_tracks_has_a_warning() -> None:
    data = make_tracks("mka", "-vn", "-c:a", "flac")
    assert probe_sound_of(data).warnings == (
        "The file has 2 sound tracks; only that of stream 1 is used.",
    )


def probe_sound_of(data: bytes) -> SoundInfo:
    file = RangeFile(lambda at, size: data[at : at + size], len(data))
    info = probe_media(file, len(data), 60)
    assert isinstance(info, SoundInfo)
    return info


def test_other_sound_tracks_are_named_in_a_warning(
    harness: StageHarness, recognizer: ToneRecognizer
) -> None:
    data = make_tracks("mkv", "-c:v", "libx264", "-c:a", "pcm_s16le")
    done, transcript = run(harness, captions_job(harness, data))
    assert recognizer.requests
    assert done.warnings == transcript.warnings
    assert done.warnings == (
        "The captions are those of stream 2 (fre); the other sound track was not recognized: "
        "stream 1 (ger).",
    )


def test_named_track_is_the_one_that_is_decoded() -> None:
    data = make_tracks("mkv", "-c:v", "libx264", "-c:a", "pcm_s16le")
    file = RangeFile(lambda at, size: data[at : at + size], len(data))
    info = probe_media(file, len(data), 60)
    assert isinstance(info, MediaInfo)
    track = find_spoken_track(info)
    assert track is not None
    with open_sound(file) as (_, stream):
        assert stream.index == track.index
