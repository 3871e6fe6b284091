"""Encoded pictures, their speech and their subtitles become one film file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from functions.stitching.film.encoding import TICKS_A_SECOND, read_run, ticks
from functions.stitching.film.mp4 import About, Film, Samples
from functions.stitching.film.timeline import RATE_HZ
from functions.stitching.subtitles.cues import Cue


def write_slideshow(
    path: Path,
    about: About,
    *,
    runs: Iterable[tuple[int, bytes]],
    sound: Iterable[Samples],
    cues: Sequence[Cue],
    check: Callable[[], None],
) -> None:
    """Write the film to `path`. `runs` gives the start in samples and the run of every passage, at
    least one; `sound` covers the whole film in short blocks; `check` is asked often and may raise.

    Raises ValueError when two runs are not encoded alike.
    """
    blocks = iter(sound)
    waiting = list(reversed(cues))
    following = iter(runs)
    first = next(following)
    with Film(path, about, first[1]) as out:
        for start, run in chain([first], following):
            parameters, coded = read_run(run)
            if parameters != out.parameters:
                raise ValueError("two runs of a film are not encoded alike")
            begin = ticks(start)
            for one in coded:
                check()
                _play(out, blocks, waiting, until_tick=begin + one.at)
                out.picture(one.data, begin + one.at, key=one.key)
        _play(out, blocks, waiting, until_tick=None)


def _play(out: Film, blocks: Iterator[Samples], waiting: list[Cue], until_tick: int | None) -> None:
    """Sound up to a time, or all of it, and the cues that begin before."""
    while until_tick is None or out.heard * TICKS_A_SECOND < until_tick * RATE_HZ:
        block = next(blocks, None)
        if block is None:
            break
        out.sound(block)
        while waiting and waiting[-1].start_ms * RATE_HZ <= out.heard * 1000:
            out.cue(waiting.pop())
