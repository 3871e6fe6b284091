"""Encoded pictures, their speech and their subtitles become one film file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from functions.stitching.film.encoding import TICKS_PER_SECOND, read_segment, to_ticks
from functions.stitching.film.mp4 import FilmMetadata, FilmWriter, Samples
from functions.stitching.film.timeline import RATE_HZ
from functions.stitching.subtitles.cues import Cue


def write_slideshow(
    path: Path,
    metadata: FilmMetadata,
    *,
    segments: Iterable[tuple[int, bytes]],
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
    following = iter(segments)
    first = next(following)
    with FilmWriter(path, metadata, first[1]) as out:
        for start, run in chain([first], following):
            parameters, coded = read_segment(run)
            if parameters != out.parameter_sets:
                raise ValueError("two runs of a film are not encoded alike")
            begin = to_ticks(start)
            for one in coded:
                check()
                _play(out, blocks, waiting, until_tick=begin + one.tick)
                out.write_frame(one.data, begin + one.tick, is_key=one.is_key)
        _play(out, blocks, waiting, until_tick=None)


def _play(
    out: FilmWriter, blocks: Iterator[Samples], waiting: list[Cue], until_tick: int | None
) -> None:
    """Sound up to a time, or all of it, and the cues that begin before."""
    while until_tick is None or out.sound_samples * TICKS_PER_SECOND < until_tick * RATE_HZ:
        block = next(blocks, None)
        if block is None:
            break
        out.write_sound(block)
        while waiting and waiting[-1].start_ms * RATE_HZ <= out.sound_samples * 1000:
            out.write_cue(waiting.pop())
