"""Runs cases through the work of the stages, in two processes, and prints a report by dimension."""

from __future__ import annotations

import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import av.logging

from shared.errors import MoodreelError
from tests.corpus.combinations.case import Case
from tests.corpus.combinations.damage import damage_file
from tests.corpus.combinations.draw import draw_case
from tests.corpus.combinations.encode import encode_case
from tests.corpus.combinations.expected import find_faults
from tests.corpus.combinations.limited import CASE_LIMIT_S, CaseNotFinishedError, run_limited
from tests.corpus.combinations.sound import SoundCase, draw_sound, encode_sound, find_sound_faults
from tests.corpus.outcome import decode_sound, extract_frames

PROCESSES = 2
_SOUND_EVERY = 8
"""Every eighth case is a sound."""
_WORK_OF_MANY_WINDOWS_S = 1e-9


@dataclass(frozen=True)
class Result:
    """The faults of one case."""

    case: Case | SoundCase
    faults: tuple[str, ...]


@dataclass
class Report:
    """All results of a seed."""

    seed: int
    results: list[Result] = field(default_factory=list)
    wall_s: float = 0

    @property
    def wrong(self) -> list[Result]:
        """Results with faults."""
        return [result for result in self.results if result.faults]

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        for result in self.wrong:
            yield f"WRONG {result.case}"
            yield from (f"    {fault}" for fault in result.faults)
            yield f"    python -m tests.corpus --seed {self.seed} --case {result.case.number}"
        yield "\n| dimension | value | cases | right | wrong |"
        yield "| --- | --- | --- | --- | --- |"
        rows: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        for result in self.results:
            outcome = "wrong" if result.faults else "right"
            for name, value in result.case.dimensions().items():
                rows[name][value][outcome] += 1
        for name, values in rows.items():
            for value, counts in sorted(values.items()):
                yield (f"| {name} | {value} | {counts.total()} | {counts['right']} | "
                       f"{counts['wrong']} |")  # fmt: skip
        yield (
            f"\n{len(self.results)} cases in {self.wall_s:.0f} s: "
            f"{len(self.results) - len(self.wrong)} right, {len(self.wrong)} wrong."
        )


def run_case(seed: int, number: int) -> Result:
    """Makes, processes and judges one case."""
    case = _draw(seed, number)
    if isinstance(case, SoundCase):
        return _run_sound(case)
    try:
        data = damage_file(encode_case(case), case.damage)
    except Exception:
        return Result(case, (f"cannot be made: {traceback.format_exc(limit=-2)}",))
    work_s = {"window_work_s": _WORK_OF_MANY_WINDOWS_S} if case.many_windows else {}
    try:
        outcome = extract_frames(data, case.options, **work_s)
        faults = find_faults(case, data, outcome)
    except Exception:
        faults = [traceback.format_exc(limit=-3)]
    return Result(case, tuple(faults))


def _run_sound(case: SoundCase) -> Result:
    try:
        data = encode_sound(case)
    except Exception:
        return Result(case, (f"cannot be made: {traceback.format_exc(limit=-2)}",))
    try:
        faults = find_sound_faults(case, *decode_sound(data))
    except MoodreelError as error:
        faults = [f"failed: {error.code}: {error}"]
    except Exception:
        faults = [traceback.format_exc(limit=-3)]
    return Result(case, tuple(faults))


def run_cases(
    seed: int,
    numbers: Iterable[int],
    processes: int = PROCESSES,
    limit_s: float = CASE_LIMIT_S,
) -> Report:
    """Runs the cases `numbers` of a seed; one that takes longer than `limit_s` is wrong."""
    report, begin = Report(seed), time.monotonic()
    for number, result in run_limited(_run_quietly, seed, numbers, processes, limit_s):
        if isinstance(result, CaseNotFinishedError):
            result = Result(_draw(seed, number), (str(result),))
        report.results.append(result)
    report.wall_s = time.monotonic() - begin
    return report


def _draw(seed: int, number: int) -> Case | SoundCase:
    is_sound = number % _SOUND_EVERY == _SOUND_EVERY - 1
    return draw_sound(seed, number) if is_sound else draw_case(seed, number)


def _run_quietly(seed: int, number: int) -> Result:
    av.logging.set_level(av.logging.PANIC)
    return run_case(seed, number)
