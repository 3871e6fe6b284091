"""Slides, their speech and their subtitles become one film file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from av.video.frame import VideoFrame

from functions.stitching.film import About, Film, Samples
from functions.stitching.subtitles import Cue
from functions.stitching.timeline import RATE_HZ, Timeline
from functions.stitching.transitions import shots
from shared.domain.film_options import Transition


def write_slideshow(
    path: Path,
    film: Timeline,
    about: About,
    *,
    frame_of: Callable[[int], VideoFrame],
    sound: Iterable[Samples],
    cues: Sequence[Cue],
    transition: Transition,
    check: Callable[[], None],
) -> None:
    """Write the film to `path`. `frame_of` gives a slide's picture by its number and is asked for
    one at a time, `sound` covers the whole timeline in short blocks, `check` is asked often and
    may raise."""
    blocks = iter(sound)
    waiting = list(reversed(cues))
    with Film(path, about) as out:
        for shot in shots(film, frame_of, transition):
            check()
            _play(out, blocks, waiting, until=shot.at)
            out.picture(shot.frame, shot.at, key=shot.key)
        _play(out, blocks, waiting, until=film.end)


def _play(out: Film, blocks: Iterator[Samples], waiting: list[Cue], until: int) -> None:
    """Sound up to `until`, and the cues that begin before."""
    while out.heard < until:
        block = next(blocks, None)
        if block is None:
            break
        out.sound(block)
        while waiting and waiting[-1].start_ms * RATE_HZ <= out.heard * 1000:
            out.cue(waiting.pop())
