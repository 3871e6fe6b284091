"""Muxes encoded segments, sound and subtitles into one film."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from functions.stitching.film.encoding import (
    TICKS_PER_SECOND,
    EncodedSegment,
    Movement,
    to_ticks,
)
from functions.stitching.film.mp4 import FilmMetadata, FilmWriter, Samples
from functions.stitching.film.timeline import RATE_HZ
from shared.subtitles.cues import Cue


def write_slideshow(
    path: Path,
    metadata: FilmMetadata,
    size: tuple[int, int],
    movement: Movement,
    *,
    segments: Iterable[tuple[int, EncodedSegment]],
    sound: Iterable[Samples],
    cues: Sequence[Cue],
    check: Callable[[], None],
    sound_path: Path | None = None,
) -> None:
    """Writes the film to `path`.

    Args:
        path: The file to write.
        metadata: Title, language, chapters and channels.
        size: Width and height in pixels.
        movement: What moves in the film, for which its segments were encoded.
        segments: Start in samples and pictures of every segment.
        sound: The sound of the whole film, in short blocks.
        cues: The subtitles in order.
        check: Called often; may raise.
        sound_path: An M4A to write with the packets of the sound.

    Raises ValueError if a segment has other parameter sets than the film.
    """
    blocks = iter(sound)
    pending = list(reversed(cues))
    with FilmWriter(path, metadata, size, movement, sound_path) as out:
        for start, segment in segments:
            if segment.parameter_sets != out.parameter_sets:
                raise ValueError("a segment has other parameter sets than the film")
            begin = to_ticks(start)
            for frame in segment.frames:
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
