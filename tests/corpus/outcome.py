"""Runs a file through the sandbox processes of the functions, and compares the outcome."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from functions.frame_extraction.extraction_result import (
    TimestampsOutOfOrder,
    parse_extraction_result,
)
from functions.frame_extraction.results import find_warnings
from functions.upload_trigger.sandboxed_probe import LIMITS
from shared.errors import MoodreelError
from shared.media.errors import EmptyFile, VideoTooLong
from shared.media.images.decode import decode_image
from shared.media.images.frame import BgrImage
from shared.media.sandbox.child import Limits, Work
from shared.media.sandbox.run import declare_work, run_in_sandbox
from shared.media.sandbox.server import SandboxResult
from shared.media.sandbox.source import Source
from shared.pipeline import FUNCTIONS
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.pack import FrameStamp, PackIndex, read_pack
from shared.recipes.frames.windows import WINDOW_WORK_S, plan_windows
from shared.recipes.media_info import MediaInfo
from shared.recipes.upload_results import SoundInfo
from shared.runtime.settings import Settings
from tests.corpus.corpus_file import CorpusFile, ExpectedError, ExpectedFrames
from tests.fixtures.media.counter import UnreadableCounterError, read_counter

_PROBE = declare_work("functions.upload_trigger.probes.video", "probe_video_in_sandbox")
_EXTRACT = declare_work("functions.frame_extraction.extract", "extract_in_sandbox")
_PROBE_SOUND = declare_work(
    "functions.upload_trigger.probes.sound", "probe_sound_in_sandbox", "sound"
)
_DECODE_SOUND = declare_work("functions.stitching.decoders", "decode_sound_in_sandbox", "sound")
EXTRACTION = Limits.for_function(FUNCTIONS["frame_extraction"])


@dataclass(frozen=True)
class Outcome:
    """The result of one file. `code` is "" on success. `cpu_s` and `peak_mb` are those of the most
    expensive process."""

    code: str
    message: str = ""
    pictures: tuple[BgrImage, ...] = ()
    warnings: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    wall_s: float = 0
    cpu_s: float = 0
    peak_mb: float = 0
    stamps: tuple[FrameStamp, ...] = ()
    first_pts_s: Fraction = Fraction(0)

    @property
    def counters(self) -> tuple[int | None, ...]:
        """The counters in the pictures, None where it cannot be read."""
        return tuple(_read_counter_or_none(picture) for picture in self.pictures)


def process_file(data: bytes, every: str) -> Outcome:
    """Probe, plan and extract a file as the functions do, without storage and messages."""
    return extract_frames(data, FrameOptions.parse({"every": every, "format": "png"}))


def extract_frames(
    data: bytes, options: FrameOptions, window_work_s: float = WINDOW_WORK_S
) -> Outcome:
    """Like `process_file`, with any options; little `window_work_s` gives many windows."""
    begin, results = time.monotonic(), list[SandboxResult]()
    try:
        return _process(data, options, window_work_s, results, begin)
    except ValueError as error:
        return Outcome("too-many-frames", str(error))
    except MoodreelError as error:
        return Outcome(error.code, str(error), wall_s=time.monotonic() - begin)


def decode_sound(data: bytes) -> tuple[NDArray[np.float32], float | None]:
    """Examine and decode a sound as the functions do: the samples (n × 2) at 48 kHz, and the
    duration that its examination found, in seconds.

    Raises the errors of reading sounds.
    """
    source, sink = Source.from_bytes(data), io.BytesIO()
    info = json.loads(run_in_sandbox(_PROBE_SOUND, source=source, limits=LIMITS).value)
    limits = Limits.for_function(FUNCTIONS["stitching"])
    run_in_sandbox(_DECODE_SOUND, 48_000, 2, 600.0, source=source, limits=limits, sink=sink)
    samples = np.frombuffer(sink.getvalue(), np.float32).reshape(-1, 2)
    return samples, SoundInfo.from_dict(info).declared_duration_s


def frame_interval(file: CorpusFile) -> str:
    """The interval between the expected frames."""
    return file.expected.every if isinstance(file.expected, ExpectedFrames) else "0.5"


def find_mismatches(file: CorpusFile, outcome: Outcome) -> list[str]:
    """The differences between the outcome and the expected one, a phrase each."""
    expected = file.expected
    if isinstance(expected, ExpectedError):
        code = outcome.code or "done"
        return [] if code == expected.code else [f"{code}, not {expected.code}"]
    if outcome.code:
        return [f"failed: {outcome.code}: {outcome.message}"]
    return _find_frame_mismatches(expected, outcome)


def _find_frame_mismatches(expected: ExpectedFrames, outcome: Outcome) -> list[str]:
    mismatches = []
    counters = None if expected.counters is None else expected.counters()
    if counters is not None and outcome.counters != counters:
        mismatches.append(f"shows {outcome.counters}, not {counters}")
    if expected.frame_count is not None and len(outcome.pictures) != expected.frame_count:
        mismatches.append(f"{len(outcome.pictures)} frames, not {expected.frame_count}")
    if not _is_reported(expected.warning, outcome.warnings):
        mismatches.append(f"warns {outcome.warnings}, not {expected.warning!r}")
    if expected.repair and not _is_reported(expected.repair, outcome.repairs):
        mismatches.append(f"repairs {outcome.repairs}, not {expected.repair!r}")
    if expected.check is not None:
        try:
            expected.check(outcome.pictures)
        except AssertionError as error:
            mismatches.append(f"looks wrong: {error}")
    return mismatches


def _is_reported(words: str, sentences: Sequence[str]) -> bool:
    return any(words in sentence for sentence in sentences) if words else not sentences


def _process(
    data: bytes,
    options: FrameOptions,
    window_work_s: float,
    results: list[SandboxResult],
    begin: float,
) -> Outcome:
    def run(
        work: Work, *arguments: object, limits: Limits, sink: io.BytesIO | None = None
    ) -> SandboxResult:
        source = Source.from_bytes(data)
        result = run_in_sandbox(work, *arguments, source=source, limits=limits, sink=sink)
        results.append(result)
        return result

    if not data:
        raise EmptyFile
    media_info = MediaInfo.from_dict(json.loads(run(_PROBE, limits=LIMITS).value))
    if (media_info.duration or 0) > Settings.max_duration_s:
        raise VideoTooLong
    pictures: list[BgrImage] = []
    warnings = list(media_info.warnings)
    parts: list[PackIndex] = []
    for window in plan_windows(media_info, options, window_work_s=window_work_s):
        for careful in (False, True):
            pack = io.BytesIO()
            try:
                extracted = parse_extraction_result(run(
                    _EXTRACT, window, options, media_info, careful, limits=EXTRACTION,
                    sink=pack
                ).value)  # fmt: skip
            except TimestampsOutOfOrder:
                continue
            break
        warnings += extracted.warnings
        parts.append(extracted.index)
        pack.seek(0)
        pictures += [decode_image(entry.data) for entry in read_pack(pack)]
    warnings += find_warnings(parts, media_info, options)
    return Outcome(
        "" if pictures else "no-frames",
        pictures=tuple(pictures),
        stamps=tuple(entry.stamp for part in parts for entry in part.entries),
        first_pts_s=media_info.first_pts.seconds,
        warnings=tuple(warnings),
        repairs=media_info.repairs,
        wall_s=time.monotonic() - begin,
        cpu_s=max(result.usage.cpu_s for result in results),
        peak_mb=max(result.usage.peak_mb for result in results),
    )


def _read_counter_or_none(picture: BgrImage) -> int | None:
    try:
        return read_counter(picture)
    except UnreadableCounterError:
        return None
