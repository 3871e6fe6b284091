"""CPU time of emotion scoring compared with the models alone, and growth of its memory.

Each method runs in its own process over the same pack of 720p frames with one face. The plain
method does what the models need: decode the JPEG, detect the face in a smaller picture, crop it,
classify it. CPU time is measured, so that a busy machine does not change the ratio much.
"""

from __future__ import annotations

import gc
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from functions.emotion_scoring.faces.scorer import Scorer
from functions.emotion_scoring.models.fetch import ModelSources
from functions.emotion_scoring.models.manifest import XCEPTION_PAIR, YUNET
from functions.emotion_scoring.part import BLOCK_BYTES, MAX_CACHED_BLOCKS, FaceScoring, score_frames
from shared.media.containers.range_file import RangeFile
from shared.media.images.frame import encode_image
from shared.media.images.image_decoder import ImageDecoder
from shared.media.sandbox.child import Limits
from shared.pipeline import FUNCTIONS
from shared.recipes.frames.pack import FrameStamp, PackWriter
from shared.recipes.frames.pack_directory import central_directory
from shared.recipes.pts import Pts

MIN_MODEL_SHARE = 0.85
"""CPU time of the models alone ÷ CPU time of scoring."""
MAX_GROWTH = 1.05
"""Peak memory with ten times the frames ÷ peak memory."""
MAX_MB = 300.0
FRAMES = 120
_SIZE = (1280, 720)


@dataclass(frozen=True)
class Cost:
    """CPU time in seconds without loading the models, peak memory in MB."""

    cpu_s: float
    peak_mb: float
    faces: int


def make_pack(folder: Path, video: Path, frames: int) -> Path:
    """Write a pack of `frames` different frames of the video, enlarged to 720p. Also write the
    same frames as a ZIP, for the plain method."""
    path = folder / f"faces-{frames}.pack"
    capture = cv2.VideoCapture(str(video))
    with path.open("wb") as out:
        writer = PackWriter(out)
        for k in range(frames):
            has_frame, image = capture.read()
            if not has_frame:
                capture = cv2.VideoCapture(str(video))
                _, image = capture.read()
            large = np.asarray(cv2.resize(image, _SIZE, interpolation=cv2.INTER_CUBIC), np.uint8)
            stamp = FrameStamp(k, Fraction(k, 24), Pts(k, Fraction(1, 24)), *_SIZE)
            writer.add(f"frame_{k + 1:06d}.jpg", encode_image(large, "jpeg", 90), stamp)
        index = writer.close()
    path.with_suffix(".zip").write_bytes(path.read_bytes() + central_directory([index]))
    return path


def plain(models: Path, pack: Path) -> int:
    """The two models without the rest of the function. Returns the number of faces."""
    cv2.setNumThreads(1)
    detector = cv2.FaceDetectorYN.create(str(models / YUNET.file), "", (640, 360), 0.7, 0.3, 500)
    net = cv2.dnn.readNetFromONNX(str(models / XCEPTION_PAIR.file))
    _start_measuring()
    faces = 0
    with zipfile.ZipFile(pack.with_suffix(".zip")) as archive:
        for name in archive.namelist():
            image = cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_COLOR)
            assert image is not None
            small = cv2.resize(image, (640, 360), interpolation=cv2.INTER_AREA)
            _, rows = detector.detect(small)
            for row in [] if rows is None else rows:
                x, y, width, height = (int(2 * value) for value in row[:4])
                crop = image[max(0, y) : y + height, max(0, x) : x + width]
                grey = cv2.resize(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), (64, 64))
                net.setInput((grey.astype(np.float32) / 127.5 - 1)[None, None])
                net.forward()
                faces += 1
    return faces


def ours(models: Path, pack: Path) -> int:
    """A part of the function, from the pack to the scores. Returns the number of faces."""
    scorer = Scorer.load(
        ModelSources(str(models), "", None, lambda _e, **_d: None, allow_download=False)
    )
    _start_measuring()
    with pack.open("rb") as pack_file:
        file = RangeFile(
            lambda offset, length: os.pread(pack_file.fileno(), length, offset),
            pack.stat().st_size,
            block_bytes=BLOCK_BYTES,
            max_cached_blocks=MAX_CACHED_BLOCKS,
        )
        with ImageDecoder(Limits.for_function(FUNCTIONS["emotion_scoring"])) as decoder:
            return score_frames(
                file, FaceScoring(scorer, mirror=False), io.BytesIO(), ("pack", 1), lambda: None,
                decode=decoder.decode,
            )[1]  # fmt: skip


METHODS: dict[str, Callable[[Path, Path], int]] = {"plain": plain, "ours": ours}
_start_cpu_s = 0.0


def _start_measuring() -> None:
    """Begin to count CPU time. Loading the models is excluded: it happens once per instance."""
    global _start_cpu_s
    gc.collect()
    _start_cpu_s = _cpu_s()


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def run_here(method: str, models: Path, pack: Path) -> Cost:
    faces = METHODS[method](models, pack)
    return Cost(_cpu_s() - _start_cpu_s, peak_mb(), faces)


def peak_mb() -> float:
    """Peak memory of this process. getrusage would include its parent's before the exec."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def run(method: str, models: Path, pack: Path) -> Cost:
    """Run a method in its own process, so that memory and threads belong to it alone."""
    command = [sys.executable, "-m", "tests.benchmarks.emotions", method, str(models), str(pack)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return Cost(**json.loads(result.stdout))


def main() -> int:
    shared = Path(__file__).resolve().parents[3] / "shared"
    models = Path(os.environ.get("MODELS_DIR") or shared / "models")
    videos = sorted((models.parent / "media").glob("woman_sad_to_happy_*.mp4"))
    if not videos:
        print(
            "This benchmark needs the models and a video in ../shared, or MODELS_DIR.",
            file=sys.stderr,
        )
        return 2
    with tempfile.TemporaryDirectory() as folder:
        pack = make_pack(Path(folder), videos[0], FRAMES)
        # In turn, and the best of three: a disturbance seldom affects all runs.
        costs = {method: [run(method, models, pack) for _ in range(3)] for method in METHODS}
        large = run("ours", models, make_pack(Path(folder), videos[0], 10 * FRAMES))
    best = {method: min(cost.cpu_s for cost in runs) for method, runs in costs.items()}
    share, peak = best["plain"] / best["ours"], costs["ours"][0].peak_mb
    growth = large.peak_mb / peak
    rows = [
        ("models alone ÷ scoring", share, share >= MIN_MODEL_SHARE),
        (f"peak memory, {10 * FRAMES} ÷ {FRAMES} frames", growth, growth <= MAX_GROWTH),
        ("peak memory in MB", large.peak_mb, large.peak_mb <= MAX_MB),
    ]
    for name, cost in best.items():
        print(f"{name:<8}{FRAMES / cost:>6.1f} frames per second of one core, 720p, one face")
    for name, value, is_met in rows:
        print(f"{name:<38}{value:>8.2f}{'' if is_met else '  MISSED'}")
    return int(not all(is_met for _, _, is_met in rows))


if __name__ == "__main__":
    method, models_folder, pack_path = sys.argv[1:]
    print(json.dumps(run_here(method, Path(models_folder), Path(pack_path)).__dict__))
