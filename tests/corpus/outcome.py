"""What becomes of a file, through the very processes that the functions start."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from functions.frame_extraction.extract import extract_in_sandbox, parse_extraction_result
from functions.frame_extraction.results import find_warnings
from functions.frame_extraction.targets import TimestampsOutOfOrder
from functions.upload_trigger.probe import probe_video_in_sandbox
from functions.upload_trigger.sandboxed_probe import LIMITS
from shared.errors import MoodreelError
from shared.media.errors import EmptyFile, VideoTooLong
from shared.media.images.frame import BgrImage, decode_image
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import SandboxResult, Source, run_in_sandbox
from shared.pipeline import FUNCTIONS
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.pack import PackIndex, read_pack
from shared.recipes.frames.windows import plan_windows
from shared.recipes.media_info import MediaInfo
from shared.runtime.settings import Settings
from tests.corpus.corpus_file import CorpusFile, ExpectedError, ExpectedFrames
from tests.fixtures.media.clips import UnreadableCounterError, read_counter

EXTRACTION = Limits.for_function(FUNCTIONS["frame_extraction"])


@dataclass(frozen=True)
class Outcome:
    """`code` is "" when it is done. `cpu_s`, `peak_mb`: the most that one process took."""

    code: str
    message: str = ""
    pictures: tuple[BgrImage, ...] = ()
    warnings: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    wall_s: float = 0
    cpu_s: float = 0
    peak_mb: float = 0

    @property
    def counters(self) -> tuple[int | None, ...]:
        """The numbers in the pictures, None where none can be read."""
        return tuple(_counter(one) for one in self.pictures)


def process_file(data: bytes, every: str) -> Outcome:
    """Intake, plan and extraction of a file, without a cloud around them."""
    begin, used = time.monotonic(), list[SandboxResult]()
    try:
        return _done(data, every, used, begin)
    except ValueError as too_much:
        return Outcome("too-many-frames", str(too_much))
    except MoodreelError as error:
        return Outcome(error.code, str(error), wall_s=time.monotonic() - begin)


def frame_interval(file: CorpusFile) -> str:
    """The interval at which its frames are expected."""
    return file.expected.every if isinstance(file.expected, ExpectedFrames) else "0.5"


def find_mismatches(file: CorpusFile, outcome: Outcome) -> list[str]:
    """Where the outcome is not what was expected, a sentence each."""
    expected = file.expected
    if isinstance(expected, ExpectedError):
        found = outcome.code or "done"
        return [] if found == expected.code else [f"{found}, not {expected.code}"]
    if outcome.code:
        return [f"failed: {outcome.code}: {outcome.message}"]
    return list(_unmet(expected, outcome))


def _unmet(expected: ExpectedFrames, outcome: Outcome) -> list[str]:
    wrong = []
    meant = None if expected.counters is None else expected.counters()
    if meant is not None and outcome.counters != meant:
        wrong.append(f"shows {outcome.counters}, not {meant}")
    if expected.frame_count is not None and len(outcome.pictures) != expected.frame_count:
        wrong.append(f"{len(outcome.pictures)} frames, not {expected.frame_count}")
    if not _is_told(expected.warning, outcome.warnings):
        wrong.append(f"warns {outcome.warnings}, not {expected.warning!r}")
    if expected.repair and not _is_told(expected.repair, outcome.repairs):
        wrong.append(f"repairs {outcome.repairs}, not {expected.repair!r}")
    if expected.check is not None:
        try:
            expected.check(outcome.pictures)
        except AssertionError as failed:
            wrong.append(f"looks wrong: {failed}")
    return wrong


def _is_told(words: str, sentences: Sequence[str]) -> bool:
    return any(words in one for one in sentences) if words else not sentences


def _done(data: bytes, every: str, used: list[SandboxResult], begin: float) -> Outcome:
    def work(*given: object, limits: Limits, sink: io.BytesIO | None = None) -> SandboxResult:
        source = Source(lambda at, n: data[at : at + n], len(data))
        worked = run_in_sandbox(*given, source=source, limits=limits, sink=sink)  # type: ignore[arg-type]
        used.append(worked)
        return worked

    if not data:
        raise EmptyFile
    media_info = MediaInfo.from_dict(json.loads(work(probe_video_in_sandbox, limits=LIMITS).value))
    if (media_info.duration or 0) > Settings.max_duration_s:
        raise VideoTooLong
    options = FrameOptions.parse({"every": every, "format": "png"})
    pictures: list[BgrImage] = []
    warnings = list(media_info.warnings)
    parts: list[PackIndex] = []
    for window in plan_windows(media_info, options):
        for careful in (False, True):
            pack = io.BytesIO()
            try:
                extracted = parse_extraction_result(work(
                    extract_in_sandbox, window, options, media_info, careful, limits=EXTRACTION,
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
        warnings=tuple(warnings),
        repairs=media_info.repairs,
        wall_s=time.monotonic() - begin,
        cpu_s=max(one.usage.cpu_s for one in used),
        peak_mb=max(one.usage.peak_mb for one in used),
    )


def _counter(picture: BgrImage) -> int | None:
    try:
        return read_counter(picture)
    except UnreadableCounterError:
        return None
