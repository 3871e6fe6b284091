"""The sound of the annotated video: the right track, in time with the pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition

from functions.emotion_scoring.video.annotate import annotate
from functions.emotion_scoring.video.overlay import Overlay
from functions.upload_trigger.probes.video import probe
from shared.media.containers.range_file import RangeFile
from shared.media.reencoding.extent import TimeRange
from shared.media.reencoding.film import write_film
from shared.media.reencoding.sound_track import describe_choice
from shared.recipes.media_info import MediaInfo
from tests.fixtures.media.sounds import set_edits

RATE = 48_000
SECONDS = 3
CLICK_S = 1.5
"""Every track is silent until then."""


@dataclass(frozen=True)
class Track:
    codec: str
    hz: int = 440
    disposition: Disposition = Disposition.default
    rate_hz: int = RATE
    pause_s: Fraction = Fraction(0)
    """A pause of the stamps, half a second after the sound begins."""
    layout: str = "stereo"
    seconds: int = SECONDS


def make_video(container: str, tracks: Sequence[Track]) -> bytes:
    """Returns a video of 64x64 with these tracks."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        video: Any = file.add_stream("mpeg4", rate=10)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        streams = [_add_track(file, track) for track in tracks]
        packets = []
        for number in range(10 * SECONDS):
            frame = av.VideoFrame(64, 64, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            packets += video.encode(frame)
        packets += video.encode(None)
        for track, stream in zip(tracks, streams, strict=True):
            packets += _encode_track(track, stream)
        for packet in sorted(packets, key=lambda item: item.dts * item.time_base):
            file.mux_one(packet)
    return out.getvalue()


def _add_track(file: Any, track: Track) -> Any:
    options = {"strict": "experimental"}
    stream = file.add_stream(track.codec, rate=track.rate_hz, layout=track.layout, options=options)
    stream.disposition = track.disposition
    return stream


def _encode_track(track: Track, stream: Any) -> list[Any]:
    rate_hz = track.rate_hz
    t = np.arange(rate_hz * track.seconds) / rate_hz
    wave = np.where(t < CLICK_S, 0, 0.4 * np.sin(2 * np.pi * track.hz * t)).astype(np.float32)
    packets = []
    channels = av.AudioLayout(track.layout).nb_channels
    for at in range(0, len(wave), 960):
        block = np.tile(wave[at : at + 960], (channels, 1))
        frame = av.AudioFrame.from_ndarray(block, "fltp", track.layout)
        frame.sample_rate, frame.pts, frame.time_base = rate_hz, at, Fraction(1, rate_hz)
        packets += stream.encode(frame)
    packets += stream.encode(None)
    for packet in packets:
        if packet.pts * packet.time_base >= CLICK_S + 0.5:
            packet.pts = packet.dts = packet.pts + round(track.pause_s / packet.time_base)
    return packets


def write_annotated(data: bytes) -> tuple[bytes, MediaInfo]:
    """Returns the annotated video, and the media info of the source."""

    def open_file(content: bytes = data) -> RangeFile:
        return RangeFile(lambda at, n: content[at : at + n], len(content))

    media_info, piece, film = probe(io.BytesIO(data), len(data)), io.BytesIO(), io.BytesIO()
    overlay = Overlay((), Fraction(1))
    annotate(open_file(), media_info, TimeRange(None, None), overlay, {}, {}, piece)
    write_film([lambda: open_file(piece.getvalue())], open_file, media_info, film)
    return film.getvalue(), media_info


def read_sound(film: bytes) -> tuple[str, np.ndarray]:
    """Returns the codec and the first channel, with every frame at its time stamp."""
    with av.open(io.BytesIO(film), "r") as container:
        (stream,) = container.streams.audio
        samples = np.zeros(RATE * 10, np.float32)
        resampler = av.AudioResampler("fltp", "mono", RATE)
        for frame in container.decode(stream):
            assert frame.pts is not None
            assert frame.time_base is not None
            start = round(float(frame.pts * frame.time_base) * RATE)
            frame.pts = None
            for block in resampler.resample(frame):
                values = block.to_ndarray()[0]
                samples[max(0, start) : max(0, start) + len(values)] = values[max(0, -start) :]
                start += len(values)
        return stream.codec_context.codec.canonical_name, samples


def onset(samples: np.ndarray) -> float:
    return float(np.argmax(np.abs(samples) > 0.1) / RATE)


def loudest_hz(samples: np.ndarray) -> float:
    begin = round((CLICK_S + 0.2) * RATE)
    return float(np.argmax(np.abs(np.fft.rfft(samples[begin : begin + RATE]))))


PCM, AAC = Track("pcm_s16le", 440), Track("aac", 700)
COMMENTARY = Track("aac", 900, Disposition.comment)
CASES = {
    "PCM, then AAC": ([PCM, AAC], "aac", 700, "has the sound of stream 2"),
    "PCM only": ([PCM], "aac", 440, "converted to AAC"),
    "Vorbis only": ([Track("vorbis")], "aac", 440, "converted to AAC"),
    "FLAC": ([Track("flac")], "flac", 440, None),
    "Opus": ([Track("libopus")], "opus", 440, None),
    "AC-3": ([Track("ac3")], "ac3", 440, None),
    "MP3": ([Track("libmp3lame")], "mp3", 440, None),
    "MP3 at 8 kHz": ([Track("libmp3lame", rate_hz=8000, layout="mono")], "aac", 440, "converted"),
    "5.1 in PCM": ([Track("pcm_s24le", layout="5.1")], "aac", 440, "converted to AAC"),
    "commentary first": ([COMMENTARY, AAC], "aac", 700, None),
    "PCM with a commentary in AAC": ([PCM, COMMENTARY], "aac", 440, "converted to AAC"),
    "commentary only": ([COMMENTARY], "aac", 900, None),
    "default second": ([Track("aac", 900, Disposition(0)), AAC], "aac", 700, None),
}


@pytest.mark.parametrize("name", CASES)
def test_track_is_chosen_and_in_time(name: str) -> None:
    tracks, codec, hz, warning = CASES[name]
    film, media_info = write_annotated(make_video("matroska", tracks))
    found, samples = read_sound(film)

    assert found == codec
    # Stamps of Matroska are rounded to 1 ms, which moves the tone of copied packets.
    assert loudest_hz(samples) == pytest.approx(hz, abs=20)
    assert onset(samples) == pytest.approx(CLICK_S, abs=0.03)
    warnings = describe_choice(media_info, "annotated video")
    assert (len(warnings) == 1 and warning in warnings[0]) if warning else not warnings


@pytest.mark.parametrize("codec", ["aac", "libopus", "pcm_s16le", "vorbis"])
def test_sound_after_a_pause_is_at_its_time(codec: str) -> None:
    film, _ = write_annotated(make_video("matroska", [Track(codec, pause_s=Fraction(1, 2))]))
    _, samples = read_sound(film)
    level = np.abs(samples[: RATE * 4]).reshape(-1, RATE // 100).max(axis=1)

    assert onset(samples) == pytest.approx(CLICK_S, abs=0.03)
    assert np.flatnonzero(level > 0.1)[-1] / 100 == pytest.approx(SECONDS + 0.5, abs=0.06)
    assert np.flatnonzero(level[160:] < 0.05)[0] / 100 + 1.6 == pytest.approx(2, abs=0.06)
    assert level[210:245].max() < 0.05


def test_empty_edit_is_silent() -> None:
    """The sound pauses from 2 s to 2.5 s, by an edit list; FFmpeg has sound there."""
    data = make_video("mov", [Track("aac")])
    at = 1024
    edits = [(2000, at), (500, -1), (1000, at + 2 * RATE)]
    # The edits of the pictures are in the same units; they have one that begins at 0.
    film, _ = write_annotated(set_edits(data, edits, track=2))
    _, samples = read_sound(film)
    level = np.abs(samples[: RATE * 4]).reshape(-1, RATE // 100).max(axis=1)

    assert onset(samples) == pytest.approx(CLICK_S, abs=0.03)
    assert level[205:245].max() < 0.05
    assert level[260:340].min() > 0.1
