"""Films out of flat slides and clicks, and what is really in a film file."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import PictureType, VideoFrame
from numpy.typing import NDArray

from functions.stitching.encoding import Planes, encode_run, planes_of
from functions.stitching.film import About, Samples
from functions.stitching.passages import passages
from functions.stitching.scenery import Scenery
from functions.stitching.slideshow import write_slideshow
from functions.stitching.speech import Speech
from functions.stitching.subtitles import cues
from functions.stitching.timeline import Timeline, chapters, timeline
from shared.domain.film_options import FilmOptions
from shared.domain.narration import Narration, SlideSpeech, SpokenSentence
from shared.domain.speech import Spoken

SIZE = (192, 108)
CLICK = 0.05
"""Seconds: every slide's speech begins with so much of a loud tone."""


def shade(number: int) -> int:
    """The grey of a slide, far enough from its neighbours' to be told apart after encoding."""
    return 40 + number * 70 % 180


def click_speech(seconds: float, rate_hz: int) -> Spoken:
    """A burst, then a quiet hum."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    sound = np.where(
        t < CLICK, 16000 * np.sin(2 * np.pi * 1000 * t), 600 * np.sin(2 * np.pi * 180 * t)
    )
    return Spoken(sound.astype("<i2").tobytes(), rate_hz)


def narration_of(speeches: Sequence[Spoken]) -> Narration:
    """One sentence a slide."""
    return Narration(
        tuple(
            SlideSpeech(f"s{n}", 1, 1, one.rate_hz, one.samples,
                        (SpokenSentence(f"Sentence number {n}.", 0, one.samples),))
            if one.samples else SlideSpeech()
            for n, one in enumerate(speeches)
        )
    )  # fmt: skip


def write_film(
    path: Path,
    speeches: Sequence[Spoken],
    *,
    options: FilmOptions = FilmOptions(),  # noqa: B008  # it is frozen
    size: tuple[int, int] = SIZE,
) -> Timeline:
    """A whole film of grey slides."""
    film = timeline(narration_of(speeches))
    speech = Speech(film, lambda number: speeches[number])
    speech.measure(lambda: None)
    titles = [f"Slide {n}" for n in range(len(speeches))]
    rows = cues(film.sentences)
    scenery = Scenery(film, titles, lambda n: grey(shade(n), size), size, "en")
    parts = passages(film, rows, options)

    def check() -> None:
        pass

    write_slideshow(
        path,
        About(1, "A film", "eng", chapters(film, titles), subtitles=True),
        runs=((one.start, encode_run(scenery.shown(one), size, options.motion, check))
              for one in parts),
        sound=speech.sound(speech.gains(-16)),
        cues=rows,
        check=check,
    )  # fmt: skip
    return film


def grey(value: int, size: tuple[int, int]) -> Planes:
    """A picture of one grey."""
    return planes_of(np.full((size[1], size[0], 3), value, np.uint8))


def pictures(path: Path) -> list[tuple[Fraction, float, bool]]:
    """(time in seconds, mean luma of the upper half, whether it is an I-frame) of every frame."""
    return [
        (time, float(frame.to_ndarray(format="gray")[: frame.height // 2].mean()),
         frame.pict_type == PictureType.I)
        for time, frame in frames(path)
    ]  # fmt: skip


def lowest(path: Path) -> list[tuple[Fraction, bool]]:
    """(time in seconds, whether a box with a line stands in the lower part) of every frame."""
    return [
        (time, float(np.ptp(frame.to_ndarray(format="gray")[-frame.height // 4 :])) > 60)
        for time, frame in frames(path)
    ]


def frames(path: Path) -> Iterator[tuple[Fraction, VideoFrame]]:
    """Every frame and when it is shown, in seconds."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        for frame in container.decode(stream):
            assert frame.pts is not None
            yield frame.pts * stream.time_base, frame


def heard(path: Path) -> tuple[Samples, int]:
    """(samples, rate) as a player plays them: what the file's edit list cuts off is gone."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        rate = stream.codec_context.sample_rate
        blocks = []
        for frame in container.decode(stream):
            assert frame.pts is not None
            assert frame.time_base is not None
            data = frame.to_ndarray()
            early = max(0, round(-frame.pts * frame.time_base * rate))
            blocks.append(data[:, early:])
    return np.concatenate(blocks, axis=1), rate


def onsets(sound: Samples, rate: int) -> list[float]:
    """When each click begins, in seconds: half its height is reached after at most 1 ms."""
    level = np.abs(sound[0])
    loud = level > 0.35 * level.max()
    found: list[float] = []
    last = -1.0
    for at in np.flatnonzero(loud) / rate:
        if not found or at - last > 0.3:
            found.append(float(at))
        last = float(at)
    return found


def told(path: Path) -> list[tuple[float, float, str]]:
    """(start, end, text) of the soft subtitles."""
    rows = []
    with av.open(str(path)) as container:
        stream = container.streams.subtitles[0]
        assert stream.time_base is not None
        for packet in container.demux(stream):
            data = bytes(packet)
            if len(data) > 2 and packet.pts is not None:
                (size,) = struct.unpack(">H", data[:2])
                start = float(packet.pts * stream.time_base)
                length = float((packet.duration or 0) * stream.time_base)
                rows.append((start, start + length, data[2 : 2 + size].decode()))
    return rows


def boxes(path: Path) -> list[str]:
    """The names of the file's outermost boxes, in order."""
    return [name for name, _ in _boxes(path)]


def _boxes(path: Path) -> Iterator[tuple[str, int]]:
    with path.open("rb") as file:
        while head := file.read(8):
            size, name = struct.unpack(">I4s", head)
            assert size >= 8
            yield name.decode(), size
            file.seek(size - 8, 1)


def loudness_of(path: Path) -> tuple[float, float]:
    """(integrated loudness in LUFS, true peak in dBTP) by FFmpeg's ebur128."""
    sound, rate = heard(path)
    return ebur128(sound, rate)


def ebur128(sound: NDArray[Any], rate: int) -> tuple[float, float]:
    """The same of samples, float32 of shape (channels, n)."""
    layout = "mono" if sound.shape[0] == 1 else "stereo"
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        sample_rate=rate, format="fltp", layout=layout, time_base=Fraction(1, rate)
    )
    meter = graph.add("ebur128", "metadata=1:peak=true")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    metadata: dict[str, str] = {}
    for at in range(0, sound.shape[1], rate):
        block = np.ascontiguousarray(sound[:, at : at + rate], np.float32)
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
        frame.sample_rate, frame.pts = rate, at
        graph.push(frame)
        while True:
            try:
                metadata = dict(graph.pull().metadata)
            except (BlockingIOError, av.error.EOFError):
                break
    peak = float(metadata["lavfi.r128.true_peak"])
    return float(metadata["lavfi.r128.I"]), float(20 * np.log10(max(peak, 1e-9)))
