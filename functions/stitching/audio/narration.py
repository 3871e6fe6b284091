"""The narration of a film as a sound file: M4A with AAC, which all players and editors read.

It is as long as the film and has silence where nothing is spoken, so the subtitles and the chapters
of the film fit it. Where a film has no other sound, `FilmWriter` copies the packets of its sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from functions.stitching.film.mp4 import FilmMetadata, Samples, SoundTrack, open_container


def encode_narration(
    path: Path, metadata: FilmMetadata, blocks: Iterator[Samples]
) -> Iterator[Samples]:
    """Yields the first channel of `blocks`, for a film with other sounds, and writes the second one
    to `path`. The file is complete when all blocks were taken."""
    with open_container(path, "ipod", metadata) as out:
        track = SoundTrack(out, replace(metadata, channels=1))
        for block in blocks:
            track.write(block[1:])
            yield block[:1]
        track.flush()
