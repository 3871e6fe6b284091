"""Copies of a video with a subtitle track: the container, the streams that are copied, and
the warnings."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import av
import pytest

from shared.jobs.units.outcomes import UnitDone
from shared.ports.speech_recognition import SAMPLE_RATE_HZ
from tests.corpus.encoding import run_ffmpeg
from tests.fakes.tone_recognizer import ToneRecognizer
from tests.fixtures.media.clips import cached_file
from tests.fixtures.media.tone_words import regular_words, render_words, write_media
from tests.fixtures.stage_harness import StageHarness
from tests.unit.functions.speech_recognition.test_recognition import (
    captions_job,
    read,
    recognizer,
    run,
)

__all__ = ["recognizer"]
WORDS = render_words(regular_words(6), 4)


def packets(data: bytes, kind: str) -> list[list[tuple[float, bytes]]]:
    """The times and the bytes of the packets of each stream of a kind, from the first picture."""
    with av.open(io.BytesIO(data), "r") as file:
        zero = min(
            packet.pts * packet.time_base
            for packet in file.demux(video=0)
            if packet.pts is not None
        )
        file.seek(0)
        streams = [stream for stream in file.streams if stream.type == kind]
        found: Mapping[int, list[tuple[float, bytes]]] = {stream.index: [] for stream in streams}
        for packet in file.demux(streams):
            if packet.size and packet.pts is not None:
                time = float(packet.pts * packet.time_base - zero)
                found[packet.stream.index].append((round(time, 2), bytes(packet)))
    return list(found.values())


def copy_of(harness: StageHarness, data: bytes) -> tuple[UnitDone, dict[str, bytes]]:
    done, _ = run(harness, captions_job(harness, data, video="soft"))
    names = [item.name for item in done.artifacts if item.kind == "captioned"]
    return done, {name: read(harness, done, name) for name in names}


def make_tracks(container: str, *arguments: str) -> bytes:
    """A file with two sound tracks in German and French, the second one by default."""
    sound = write_media(WORDS, SAMPLE_RATE_HZ, "wav", "pcm_s16le")

    def words() -> Path:
        return cached_file("captioned words", "wav", lambda path: path.write_bytes(sound))

    return run_ffmpeg(
        "captioned-tracks", container,
        "-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=4", "-i", words, "-i", words,
        "-map", "0", "-map", "1", "-map", "2",
        "-metadata:s:a:0", "language=ger", "-metadata:s:a:1", "language=fre",
        "-disposition:a:0", "0", "-disposition:a:1", "default",
        *arguments,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("-c:v", "libx264", "-c:a", "pcm_s16le"), "sound in pcm_s16le"),
        (("-c:v", "libvpx", "-c:a", "libvorbis", "-ar", "48000"), "pictures in vp8"),
        (("-c:v", "libx264", "-c:a:0", "aac", "-c:a:1", "libvorbis"), "sound in vorbis"),
    ],
)
def test_copy_of_what_an_mp4_cannot_carry_is_a_matroska_with_all_streams(
    harness: StageHarness, recognizer: ToneRecognizer, arguments: tuple[str, ...], reason: str
) -> None:
    data = make_tracks("mkv", *arguments)
    done, files = copy_of(harness, data)
    assert recognizer.requests
    copy = files["captioned.mkv"]
    assert done.warnings[-1:] == (
        "The copy of the video with captions is a Matroska file (captioned.mkv): an MP4 cannot "
        f"carry {reason}.",
    )
    for kind in ("video", "audio"):
        assert packets(copy, kind) == packets(data, kind)
    with av.open(io.BytesIO(copy), "r") as file:
        tracks = [(row.type, row.language, bool(row.disposition & 1)) for row in file.streams]
        assert file.duration == pytest.approx(4_000_000, abs=100_000)
        file.seek(2_000_000)
        assert next(file.decode(video=0)).time is not None
    assert tracks[1:] == [
        ("audio", "ger", False), ("audio", "fre", True), ("subtitle", "eng", True),
    ]  # fmt: skip
    (shown,) = packets(copy, "subtitle")
    cues = read(harness, done, "captions.vtt").decode().split("\n\n")[1:]
    assert [text.decode() for _, text in shown] == [cue.strip().split("\n", 1)[1] for cue in cues]


def test_copy_of_a_matroska_keeps_its_subtitles(
    harness: StageHarness, recognizer: ToneRecognizer
) -> None:
    def subtitles() -> Path:
        srt = b"1\n00:00:01,000 --> 00:00:02,000\nForced\n"
        return cached_file("captioned subtitles", "srt", lambda path: path.write_bytes(srt))

    data = run_ffmpeg(
        "captioned-subtitles", "mkv",
        "-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=2", "-f", "lavfi", "-i", "sine=d=2",
        "-i", subtitles, "-c:v", "libx264", "-c:a", "pcm_s16le", "-c:s", "srt",
    )  # fmt: skip
    done, files = copy_of(harness, data)
    assert recognizer.requests is not None
    assert not any("lacks" in warning for warning in done.warnings)
    with av.open(io.BytesIO(files["captioned.mkv"]), "r") as file:
        assert len(file.streams.subtitles) == 2
        texts = [bytes(packet) for packet in file.demux(file.streams.subtitles[0]) if packet.size]
    assert texts == [b"Forced"]


def test_copy_of_an_mp4_keeps_the_default_track(
    harness: StageHarness, recognizer: ToneRecognizer
) -> None:
    data = make_tracks("mp4", "-c:v", "libx264", "-c:a", "aac")
    _, files = copy_of(harness, data)
    assert recognizer.requests
    assert list(files) == ["captioned.mp4"]
    with av.open(io.BytesIO(files["captioned.mp4"]), "r") as file:
        tracks = [(row.language, bool(row.disposition & 1)) for row in file.streams.audio]
    assert tracks == [("ger", False), ("fre", True)]


def test_pictures_in_a_codec_of_neither_container_are_a_warning(
    harness: StageHarness, recognizer: ToneRecognizer
) -> None:
    data = run_ffmpeg(
        "captioned-flv1", "flv",
        "-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=2", "-f", "lavfi", "-i", "sine=d=2",
        "-c:v", "flv1", "-c:a", "aac",
    )  # fmt: skip
    done, files = copy_of(harness, data)
    assert recognizer.requests is not None
    assert not files
    assert done.warnings[-1] == (
        "There is no copy of the video with captions: neither an MP4 nor a Matroska can carry "
        "pictures in flv1."
    )


@pytest.mark.parametrize(
    ("container", "codec"), [("mp4", "aac"), ("matroska", "aac"), ("mpegts", "aac")]
)
def test_copy_of_the_video_has_the_captions_and_the_same_packets(
    harness: StageHarness, recognizer: ToneRecognizer, tmp_path: Path, container: str, codec: str
) -> None:
    words = regular_words(12)
    data = write_media(
        render_words(words, 9), SAMPLE_RATE_HZ, container, codec, video_s=9, sound_starts_s=0.5
    )
    done, transcript = run(harness, captions_job(harness, data, video="soft"))
    assert done.warnings == ()
    copy = tmp_path / "captioned.mp4"
    copy.write_bytes(read(harness, done, "captioned.mp4"))
    assert recognizer.requests
    cues = read(harness, done, "captions.vtt").decode()
    with av.open(str(copy)) as film:
        (subtitles,) = film.streams.subtitles
        assert subtitles.language == "eng"
        shown = [
            (float((packet.pts or 0) * packet.time_base), bytes(packet)[2:].decode())
            for packet in film.demux(subtitles)
            if packet.size > 2
        ]
    assert [text.replace("\n", " ") for _, text in shown] == [
        " ".join(cue.strip().split("\n")[1:]) for cue in cues.split("\n\n")[1:]
    ]
    assert shown[0][0] == pytest.approx(transcript.segments[0].start_s, abs=0.002)
    assert _payloads(io.BytesIO(data)) == _payloads(io.BytesIO(copy.read_bytes()))


def _payloads(file: io.BytesIO) -> tuple[int, list[float]]:
    """The number of pictures, and their times from the first one."""
    with av.open(file, "r") as container:
        times = [float(frame.time or 0) for frame in container.decode(video=0)]
    return len(times), [round(time - times[0], 2) for time in times]
