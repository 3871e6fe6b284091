"""Muxes encoded segments, sound and subtitles into one film."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from functions.stitching.film.encoding import TICKS_PER_SECOND, read_segment, to_ticks
from functions.stitching.film.mp4 import FilmMetadata, FilmWriter, Samples
from functions.stitching.film.timeline import RATE_HZ
from shared.subtitles.cues import Cue


def write_slideshow(
    path: Path,
    metadata: FilmMetadata,
    *,
    segments: Iterable[tuple[int, bytes]],
    sound: Iterable[Samples],
    cues: Sequence[Cue],
    check: Callable[[], None],
) -> None:
    """Writes the film to `path`.

    Args:
        path: The file to write.
        metadata: Title, language, chapters and channels.
        segments: Start in samples and encoded bytes of every segment, at least one.
        sound: The sound of the whole film, in short blocks.
        cues: The subtitles in order.
        check: Called often; may raise.

    Raises ValueError if two segments have different parameter sets.
    """
    blocks = iter(sound)
    pending = list(reversed(cues))
    remaining = iter(segments)
    first = next(remaining)
    with FilmWriter(path, metadata, first[1]) as out:
        for start, data in chain([first], remaining):
            parameters, frames = read_segment(data)
            if parameters != out.parameter_sets:
                raise ValueError("two segments of a film have different parameter sets")
            begin = to_ticks(start)
            for frame in frames:
                check()
                _write_sound_and_cues(out, blocks, pending, until_tick=begin + frame.tick)
                out.write_frame(frame.data, begin + frame.tick, is_key=frame.is_key)
        _write_sound_and_cues(out, blocks, pending, until_tick=None)


def _write_sound_and_cues(
    out: FilmWriter, blocks: Iterator[Samples], pending: list[Cue], until_tick: int | None
) -> None:
    """Writes the sound up to a tick, or all of it, and the cues that begin before it."""
    while until_tick is None or out.sound_samples * TICKS_PER_SECOND < until_tick * RATE_HZ:
        block = next(blocks, None)
        if block is None:
            break
        out.write_sound(block)
        while pending and pending[-1].start_ms * RATE_HZ <= out.sound_samples * 1000:
            cue = pending.pop()
            out.write_cue(cue, pending[-1] if pending else None)
