"""Random sounds: containers, codecs, layouts, rates and pauses, with known lengths."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tests.fixtures.media.clips import cached_file

Samples = NDArray[np.float32]

_PCM = ("pcm_s16le", "pcm_s24le", "pcm_f32le", "pcm_u8", "pcm_mulaw")
SOUND_CODECS: dict[str, tuple[str, ...]] = {
    "wav": (*_PCM, "adpcm_ima_wav", "adpcm_ms"),
    "w64": ("pcm_s16le", "pcm_f32le"),
    "aiff": ("pcm_s16be",),
    "flac": ("flac",),
    "mp3": ("libmp3lame",),
    "adts": ("aac",),
    "ogg": ("libopus", "flac"),
    "ipod": ("aac", "alac"),
    "mp4": ("aac", "alac", "libmp3lame", "ac3", "libopus", "flac"),
    "mov": ("aac", "pcm_s16le", "alac"),
    "matroska": ("aac", "libopus", "flac", "pcm_s16le", "ac3", "mp2", "libmp3lame", "wavpack"),
    "webm": ("libopus",),
}
"""The codecs by muxer."""
STAMPED = ("ipod", "mp4", "mov", "matroska", "webm")
"""Containers whose time stamps can say that nothing was recorded for a while."""
_LAYOUTS = {
    "mono": 1, "stereo": 2, "2.1": 3, "quad": 4, "5.0(side)": 5, "5.1(side)": 6, "7.1": 8
}  # fmt: skip
_MULTICHANNEL = ("wav", "flac", "ipod", "mp4", "matroska")
_FRAME_SAMPLES = {
    "aac": 1024, "libmp3lame": 1152, "mp2": 1152, "ac3": 1536, "libopus": 960, "alac": 4096,
    "flac": 4608, "adpcm_ima_wav": 2041, "adpcm_ms": 2036, "wavpack": 4800,
}  # fmt: skip
_MOV_PCM = ("mov", "pcm_s16le")
_TICK_S = Fraction(1, 1000)
"""Of Matroska, and of edit lists as FFmpeg writes them."""
_TONE_HZ, _AMPLITUDE = 440, 0.2


@dataclass(frozen=True)
class SoundCase:
    """A sound file. A pause is (the time of the sound at which it begins, its length), in seconds;
    in the file the packets after it are stamped later."""

    number: int
    muxer: str
    encoder: str
    layout: str
    rate_hz: int
    duration_s: Fraction
    pause: tuple[Fraction, Fraction] | None

    @property
    def frame_s(self) -> Fraction:
        """The duration of one packet."""
        return Fraction(_FRAME_SAMPLES.get(self.encoder, 1024), self.rate_hz)

    @property
    def length_s(self) -> Fraction:
        """The length with the pause."""
        return self.duration_s + (self.pause[1] if self.pause else 0)

    @property
    def longest_s(self) -> Fraction:
        """The length with the padding of the last packet, and of the first in ADTS, which cannot
        mark it."""
        padding_s = self.frame_s * (2 if self.muxer == "adts" else 1)
        return self.length_s + padding_s + _TICK_S

    def dimensions(self) -> dict[str, str]:
        """The values of the dimensions of the report."""
        return {
            "sound container": self.muxer,
            "sound codec": self.encoder,
            "layout": self.layout,
            "sample rate": str(self.rate_hz),
            "pauses": "one" if self.pause else "none",
        }

    def __str__(self) -> str:
        pause = "" if self.pause is None else " with a pause at {} s of {} s".format(*self.pause)
        return (
            f"sound: {self.encoder} in {self.muxer}, {self.layout}, {self.rate_hz} Hz, "
            f"{float(self.duration_s):g} s{pause}"
        )


def draw_sound(seed: int, number: int) -> SoundCase:
    """The sound case `number` of `seed`."""
    rng = random.Random(f"sound {seed} {number}")
    muxer = rng.choice(sorted(SOUND_CODECS))
    encoder = rng.choice(SOUND_CODECS[muxer])
    is_few = encoder in ("libmp3lame", "mp2", "adpcm_ima_wav", "adpcm_ms")
    most = 2 if is_few or muxer not in _MULTICHANNEL else 8
    layouts = [name for name, count in _LAYOUTS.items() if count <= most]
    layout = rng.choice(layouts)
    if layout not in ("mono", "stereo") and encoder in ("ac3", "alac", "libopus", "wavpack"):
        layout = "5.1(side)" if encoder == "ac3" else "stereo"
    rates = (48_000,) if encoder in ("libopus", "ac3", "mp2") else (16_000, 22_050, 44_100, 48_000)
    pause = None
    # A sample table of PCM has one duration for all samples; a block of WavPack may be a second.
    can_pause = muxer in STAMPED and encoder != "wavpack" and (muxer, encoder) != _MOV_PCM
    if can_pause and rng.random() < 0.5:
        pause = Fraction(rng.randint(3, 8), 10), Fraction(rng.randint(2, 20), 10)
    duration_s = Fraction(rng.randint(100, 200), 100)
    return SoundCase(number, muxer, encoder, layout, rng.choice(rates), duration_s, pause)


def encode_sound(case: SoundCase) -> bytes:
    """The file of a case: the same tone in all channels."""
    path = cached_file(f"sound combination 1 {case!r}", case.muxer, lambda path: _write(case, path))
    return path.read_bytes()


def find_sound_faults(case: SoundCase, samples: Samples, declared_s: float | None) -> list[str]:
    """The differences of decoded samples (n × channels) at 48 kHz from what is right."""
    faults = []
    length_s = samples.shape[0] / 48_000
    shortest_s, longest_s = float(case.length_s - case.frame_s), float(case.longest_s)
    if not shortest_s <= length_s <= longest_s:
        faults.append(f"{length_s:.3f} s, not {shortest_s:.3f} to {longest_s:.3f}")
    if declared_s is not None and not shortest_s <= declared_s <= longest_s:
        faults.append(f"declared as {declared_s:.3f} s, not {shortest_s:.3f} to {longest_s:.3f}")
    peak = float(np.abs(samples).max()) if samples.size else 0.0
    if not 0.02 < peak < 1:
        faults.append(f"peak of {peak:.3f}")
    faults += [fault for begin_s, end_s, is_silent in _spans(case)
               if (fault := _span_fault(samples, begin_s, end_s, is_silent))]  # fmt: skip
    return faults


def _spans(case: SoundCase) -> Iterator[tuple[float, float, bool]]:
    """Begin, end and whether it is silent, with a margin of some packets."""
    margin_s = float(3 * case.frame_s) + 0.02
    if case.pause is None:
        yield margin_s, float(case.duration_s) - margin_s, False
        return
    at_s, pause_s = map(float, case.pause)
    yield margin_s, at_s - margin_s, False
    yield at_s + margin_s, at_s + pause_s - margin_s, True
    yield at_s + pause_s + margin_s, float(case.length_s) - margin_s, False


def _span_fault(samples: Samples, begin_s: float, end_s: float, is_silent: bool) -> str:
    span = samples[int(begin_s * 48_000) : int(end_s * 48_000)]
    if end_s - begin_s < 0.02:
        return ""
    level = float(np.sqrt((span**2).mean())) if span.size else 0.0
    if (level < 0.005) == is_silent:
        return ""
    return f"level {level:.3f} from {begin_s:.2f} to {end_s:.2f} s"


def _write(case: SoundCase, path: Path) -> None:
    count, channels = int(case.duration_s * case.rate_hz), _LAYOUTS[case.layout]
    tone = np.sin(np.arange(count) * 2 * np.pi * _TONE_HZ / case.rate_hz) * _AMPLITUDE
    with av.open(str(path), "w", format=case.muxer) as out:
        options = {"strict": "-2"}
        stream: Any = out.add_stream(
            case.encoder, rate=case.rate_hz, layout=case.layout, options=options
        )

        def mux(packets: list[Any]) -> None:
            for packet in packets:
                base, at_s, pause_s = packet.time_base, *(case.pause or (Fraction(0), Fraction(0)))
                if pause_s and packet.pts is not None and packet.pts * base >= at_s:
                    shift = round(pause_s / base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                out.mux(packet)

        for at in range(0, count, 960):
            block = np.repeat(tone[at : at + 960].astype(np.float32), channels)
            frame: Any = av.AudioFrame.from_ndarray(block[None], format="flt", layout=case.layout)
            frame.sample_rate, frame.pts = case.rate_hz, at
            frame.time_base = Fraction(1, case.rate_hz)
            mux(stream.encode(frame))
        mux(stream.encode(None))
