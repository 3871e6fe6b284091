"""CPU time of a film of slides compared with moviepy and with encoding its sound alone.

Ten slides, 82 s, 1280×720. Each method runs in its own process. CPU time (user and system, children
included) is measured without imports.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from functions.stitching.film.encoding import Planes
from functions.stitching.film.frames import FrameRenderer
from functions.stitching.film.mp4 import FilmMetadata, Samples
from functions.stitching.film.segment_cache import SegmentCache
from functions.stitching.film.segments import plan_segments
from functions.stitching.film.slideshow import write_slideshow
from functions.stitching.film.timeline import (
    RATE_HZ,
    build_chapters,
)
from functions.stitching.slides import SlideDecoder
from infra.local.setup.tools import prepare_python
from shared.recipes.films.options import FilmOptions
from shared.runtime.owner_cache import OwnerCache
from shared.subtitles.cues import build_cues
from tests.benchmarks.cpu_time import cpu_s
from tests.benchmarks.stitching_inputs import (
    PHOTO,
    SIZE,
    SLIDES,
    FolderBucket,
    load_speech,
    prepare,
)

MIN_GAIN = 20.0
"""CPU time of moviepy ÷ ours."""
MAX_RATIO_TO_SOUND = 1.2
"""CPU time of ours ÷ encoding only the AAC with FFmpeg's default options."""
MAX_MOTION = 8.0
"""CPU time of a film with moving photos ÷ that of the same film without motion."""
_HERE = Path(__file__).parent


def ours(
    folder: Path,
    out: Path,
    options: FilmOptions,
    *,
    cache: str = "",
    edited: int | None = None,
    suffix: str = "",
) -> None:
    """Write the film. `cache` is the segment cache of an earlier film, in which slide `edited` was
    different. `suffix` ".photo" is for slides with a photo."""
    timeline, speech = load_speech(folder)
    names = [f"{n}{suffix}.png{'*' * (n == edited)}" for n in range(SLIDES)]
    boxes = dict.fromkeys(range(SLIDES), PHOTO) if options.motion == "gentle" else {}

    def check() -> None:
        pass

    bucket: Any = FolderBucket(folder / (cache or out.stem))
    cues = build_cues(timeline.sentences)
    soft_cues = cues if options.subtitles == "soft" else ()
    with SlideDecoder(SIZE, check) as slides:

        def read_planes(number: int) -> Planes:
            return slides.decode((folder / f"{number}{suffix}.png").read_bytes())

        renderer = FrameRenderer(timeline, names, read_planes, SIZE, "en", boxes)
        segments = SegmentCache(OwnerCache(bucket, "runs/", "anna"), renderer, SIZE, options.motion)
        write_slideshow(
            out,
            FilmMetadata(
                1,
                "Leaves",
                "eng",
                build_chapters(timeline, ["Leaves"] * SLIDES),
                subtitles=bool(soft_cues),
            ),
            SIZE,
            options.motion,
            segments=segments.get_segments(plan_segments(timeline, cues, options, boxes), check),
            sound=speech.read_blocks(speech.compute_gains(-16)),
            cues=soft_cues,
            check=check,
        )


def encode_sound(folder: Path, out: Path, options: dict[str, str]) -> None:
    """Encode the finished sound of the film."""
    blocks = np.load(folder / "sound.npy")
    with av.open(str(out), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=RATE_HZ, options=options)
        stream.layout, stream.bit_rate = "mono", 96_000
        for at in range(0, blocks.shape[1], RATE_HZ):
            container.mux(stream.encode(_audio_frame(blocks, at)))
        container.mux(stream.encode(None))


def _audio_frame(blocks: Samples, at: int) -> av.AudioFrame:
    block = np.ascontiguousarray(blocks[:, at : at + RATE_HZ])
    frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, at, Fraction(1, RATE_HZ)
    return frame


METHODS: dict[str, Callable[[Path, Path], None]] = {
    "ours": lambda folder, out: ours(folder, out, FilmOptions()),
    "edited": lambda folder, out: ours(folder, out, FilmOptions(), cache="earlier", edited=4),
    "fade": lambda folder, out: ours(folder, out, FilmOptions("fade")),
    "burned": lambda folder, out: ours(folder, out, FilmOptions(subtitles="burned")),
    "photos": lambda folder, out: ours(folder, out, FilmOptions(), suffix=".photo"),
    "motion": lambda folder, out: ours(folder, out, FilmOptions(motion="gentle"), suffix=".photo"),
    "aac": lambda folder, out: encode_sound(folder, out, {}),
    "aac fast": lambda folder, out: encode_sound(folder, out, {"aac_coder": "fast"}),
}


def run(method: str, folder: Path) -> dict[str, float]:
    """Run a method in its own process. Returns CPU and wall time in seconds, and peak memory and
    size of the film in MB."""
    out = folder / f"{method.replace(' ', '-')}.mp4"
    command = [sys.executable, "-m", "tests.benchmarks.stitching", method, str(folder), str(out)]
    if method == "moviepy":
        python = prepare_python(_HERE / "moviepy.txt", "the benchmark", print)
        command = [str(python), str(_HERE / "naive_moviepy.py"), str(folder), str(out)]
    started = time.perf_counter()
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    wall_s = time.perf_counter() - started
    return {
        **json.loads(result.stdout.splitlines()[-1]),
        "wall_s": wall_s,
        "size_mb": out.stat().st_size / 1e6,
    }


def _peak_mb() -> float:
    """Peak memory of this process. getrusage would include its parent's before the exec."""
    try:
        value = Path("/proc/self/status").read_text().split("VmHWM:")[1]
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(value.split()[0]) / 1024


def main() -> int:
    """Print the table. Returns 1 if a bound is missed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        timeline, speech = load_speech(folder)
        np.save(
            folder / "sound.npy",
            np.concatenate(list(speech.read_blocks(speech.compute_gains(-16))), axis=1),
        )
        ours(folder, folder / "earlier.mp4", FilmOptions())
        costs = {method: run(method, folder) for method in ("moviepy", *METHODS)}
    print(f"{SLIDES} slides, {float(timeline.duration):.0f} s, {SIZE[0]}×{SIZE[1]}")
    print(f"{'method':<10}{'CPU s':>8}{'wall s':>8}{'peak MB':>9}{'MB':>6}{'÷ ours':>8}")
    for method, cost in costs.items():
        share = cost["cpu_s"] / costs["ours"]["cpu_s"]
        print(
            f"{method:<10}{cost['cpu_s']:>8.2f}{cost['wall_s']:>8.2f}{cost['peak_mb']:>9.0f}"
            f"{cost['size_mb']:>6.1f}{share:>7.1f}×"
        )
    gain = costs["moviepy"]["cpu_s"] / costs["ours"]["cpu_s"]
    sound_ratio = costs["ours"]["cpu_s"] / costs["aac"]["cpu_s"]
    motion_ratio = costs["motion"]["cpu_s"] / costs["photos"]["cpu_s"]
    missed = gain < MIN_GAIN or sound_ratio > MAX_RATIO_TO_SOUND or motion_ratio > MAX_MOTION
    print(
        f"moviepy ÷ ours {gain:.1f}, ours ÷ AAC alone {sound_ratio:.2f}, "
        f"motion ÷ none {motion_ratio:.1f}"
        f"{'  MISSED' if missed else ''}"
    )
    return int(missed)


if __name__ == "__main__":
    before = cpu_s()
    METHODS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
    peak_mb = _peak_mb()
    print(json.dumps({"cpu_s": cpu_s() - before, "peak_mb": peak_mb}))
