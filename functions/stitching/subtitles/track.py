"""The subtitles of a film: its narration, and what is quoted of its clips. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from functions.stitching.film.timeline import Timeline
from shared.subtitles.cues import Cue, build_cues
from shared.subtitles.timed_sentence import TimedSentence


def build_film_cues(timeline: Timeline, quotes: Iterable[TimedSentence]) -> tuple[Cue, ...]:
    """Returns the cues of a film. A quote is never spoken over by the narration, and shares no cue
    with it."""
    return build_cues(sorted((*timeline.sentences, *quotes), key=lambda row: row.start))
