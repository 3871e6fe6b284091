"""The slides and the speech of the film that the stitching benchmark writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageDraw

from functions.stitching.audio.speech import SpeechTrack
from functions.stitching.film.timeline import (
    LEAD_SAMPLES,
    RATE_HZ,
    TAIL_SAMPLES,
    Timeline,
    build_timeline,
)
from shared.pipeline import Bucket
from shared.recipes.films.narration import Narration, SlideSpeech, SpokenSentence
from shared.recipes.films.speech import SpeechAudio
from shared.recipes.films.wav import from_wav, to_wav
from shared.recipes.stored_object import StoredObject

SIZE = (1280, 720)
SLIDES, SECONDS = 10, 8.2
PHOTO = (640, 0, 640, 714)
"""Left, top, width and height of the photo, on the slides that have one."""
_RATE = 24_000
CONTENT_TYPE = "application/octet-stream"


def prepare(folder: Path) -> None:
    """Write slides, speech, and `plan.json`, which lists both."""
    rows = []
    for n in range(SLIDES):
        slide = _draw_slide(n)
        slide.save(folder / f"{n}.png")
        slide.paste(_draw_photo(n), PHOTO[:2])
        slide.save(folder / f"{n}.photo.png")
        spoken_s = SECONDS - (LEAD_SAMPLES + TAIL_SAMPLES) / RATE_HZ
        (folder / f"{n}.wav").write_bytes(to_wav(_make_speech(n, spoken_s)))
        rows.append(
            {"slide": f"{n}.png", "speech": f"{n}.wav", "seconds": SECONDS,
             "lead_s": LEAD_SAMPLES / RATE_HZ}
        )  # fmt: skip
    (folder / "plan.json").write_text(json.dumps(rows))


def _draw_slide(number: int) -> Image.Image:
    image = Image.new("RGB", SIZE, (246, 241, 232))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 24, SIZE[1]), fill=(30 + 20 * number, 90, 120))
    draw.text((96, 80), f"Slide {number + 1}: what leaves do", fill=(20, 30, 40), font_size=60)
    for row in range(5):
        line = f"• Point {row + 1} says something about light and water"
        draw.text((120, 220 + 88 * row), line, fill=(50, 60, 70), font_size=38)
    return image


def _draw_photo(number: int) -> Image.Image:
    """A picture with detail of all sizes, like a photo: noise that falls with its frequency."""
    width, height = PHOTO[2:]
    rng = np.random.default_rng(number)
    photo = np.zeros((height, width, 3))
    for level in range(1, 8):
        cells = rng.uniform(-1, 1, (2**level, 2**level, 3)).astype(np.float32)
        layers = [
            np.asarray(Image.fromarray(cells[..., c]).resize((width, height), 3)) for c in range(3)
        ]
        photo += np.stack(layers, axis=2) * 60 / level
    return Image.fromarray(np.clip(photo + 128, 0, 255).astype(np.uint8))


def _make_speech(number: int, seconds: float) -> SpeechAudio:
    rng = np.random.default_rng(number)
    t = np.arange(round(seconds * _RATE)) / _RATE
    syllables = np.clip(np.sin(2 * np.pi * 3.3 * t), 0, 1)
    voice = sum(np.sin(2 * np.pi * 130 * k * t) / k for k in range(1, 24))
    sound = 0.08 * syllables * (voice + 0.3 * rng.standard_normal(len(t)))
    return SpeechAudio((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes(), _RATE)


def load_speech(folder: Path) -> tuple[Timeline, SpeechTrack]:
    """The timeline and the speech of the film in `folder`."""

    def read(number: int) -> SpeechAudio:
        return from_wav((folder / f"{number}.wav").read_bytes())

    rows = []
    for n in range(SLIDES):
        samples = read(n).samples
        sentence = SpokenSentence("What leaves do with light and water.", 0, samples)
        rows.append(SlideSpeech(f"{n}.wav", 1, 1, _RATE, samples, (sentence,)))
    timeline = build_timeline(Narration(tuple(rows)))
    speech = SpeechTrack(timeline, read)
    speech.measure(lambda: None)
    return timeline, speech


class FolderBucket:
    """Objects in a folder: the work bucket without network time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(exist_ok=True)

    def stat(self, bucket: Bucket, name: str) -> StoredObject | None:
        path = self._path(name)
        if not path.exists():
            return None
        spec = path.with_suffix(".spec").read_text()
        return StoredObject(
            bucket, name, 1, path.stat().st_size, "application/octet-stream", "", spec
        )

    def range_reader(
        self, _bucket: Bucket, name: str, _generation: int
    ) -> Callable[[int, int], bytes]:
        return lambda offset, length: self._path(name).read_bytes()[offset : offset + length]

    def read_whole(self, stored: StoredObject) -> bytes:
        return self._path(stored.name).read_bytes()

    @contextmanager
    def create(
        self, _bucket: Bucket, name: str, *, content_type: str, spec: str
    ) -> Iterator[BinaryIO]:
        assert content_type == CONTENT_TYPE
        self._path(name).with_suffix(".spec").write_text(spec)
        with self._path(name).open("wb") as out:
            yield out

    def _path(self, name: str) -> Path:
        return self._folder / name.replace("/", "_")
