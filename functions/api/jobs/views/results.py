"""The response models of a job's results: what lists show of them, and the analysis itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from functions.api.jobs.views.uploads import find_uploads
from shared.errors import SourceExpired
from shared.http.schemas import ResponseModel
from shared.jobs.model import Job
from shared.ports.objects import ObjectStore
from shared.recipes.captions.results import TranscriptResult
from shared.recipes.captions.transcript import Transcript
from shared.recipes.emotions.results import EmotionsResult
from shared.recipes.films.deck import Deck
from shared.recipes.results import DeckResult, FilmResult, StageResult
from shared.recipes.stored_object import Artifact
from shared.runtime.results_writer import read_object

R = TypeVar("R", bound=StageResult)
MAX_SEGMENTS = 500
"""Segments of a transcript in a response."""
MAX_TRANSCRIPT_BYTES = 4_000_000
"""A larger transcript.json, of many hours, is not read for a response."""
MAIN_KINDS = ("film", "captioned", "annotated", "timeline", "frames", "transcript")
"""The main result of a job is its first artifact of these kinds, in this order."""
THUMBNAIL_KINDS = ("poster", "moment", "sheet", "chart")
MAX_THUMBNAIL_BYTES = 2_000_000


class EmotionMomentView(ResponseModel):
    """One of the strongest moments of an expression. `thumbnail` is the name of an artifact."""

    time_s: float
    begin_s: float
    end_s: float
    emotion: str
    confidence: float
    face_id: int
    thumbnail: str


class EmotionsView(ResponseModel):
    """The summary of the emotion timeline, whose readings are in `emotions.json`. `share` is the
    share of each emotion in the scored time, which is summed over faces."""

    faces: int
    frames: int
    frames_without_face: int
    scored_s: float
    uncertain_share: float
    share: dict[str, float]
    moments: tuple[EmotionMomentView, ...]


class SegmentView(ResponseModel):
    """A sentence, or words between two pauses. `speaker` is "" when none is known."""

    start_s: float
    end_s: float
    text: str
    language: str
    speaker: str


class TranscriptView(ResponseModel):
    """What is said. `segments` are at most 500; `truncated` is true when `transcript.json` has
    more."""

    language: str
    word_count: int
    segment_count: int
    segments: tuple[SegmentView, ...]
    truncated: bool


class SlideOutline(ResponseModel):
    """A slide: its heading and its bullets."""

    id: str
    heading: str
    bullets: tuple[str, ...]


class DeckOutline(ResponseModel):
    """The outline of the deck of `revision`."""

    revision: int
    title: str
    language: str
    slides: tuple[SlideOutline, ...]


class FilmView(ResponseModel):
    """A film."""

    duration_s: float
    width: int
    height: int


class ResultsView(ResponseModel):
    """The analysis of a job. What the job does not have, or not yet, is null."""

    emotions: EmotionsView | None
    transcript: TranscriptView | None
    deck: DeckOutline | None
    film: FilmView | None
    frame_count: int | None


def find_first(job: Job, kinds: tuple[str, ...]) -> Artifact | None:
    """Returns the first result of a job by the order of `kinds`, or None."""
    for kind in kinds:
        for artifact in job.results:
            if artifact.kind == kind:
                return artifact
    return None


def find_thumbnail(job: Job) -> Artifact | None:
    """Returns the picture that shows a job in a list, or None."""
    found = find_first(job, THUMBNAIL_KINDS)
    return found if found is not None and found.size_bytes <= MAX_THUMBNAIL_BYTES else None


def find_duration_s(job: Job) -> float | None:
    """Returns the duration of a job's film, or else of its longest input; None when unknown."""
    film = job.facts.get(FilmResult.STAGE) or {}
    if "duration_s" in film:
        return float(film["duration_s"])
    durations = [upload.duration_s for upload in find_uploads(job).values()]
    return max(durations, default=0.0) or None


def results_view(job: Job, objects: ObjectStore) -> ResultsView:
    """Returns the analysis of a job, bounded in size."""
    facts = job.facts
    film = facts.get(FilmResult.STAGE)
    return ResultsView(
        emotions=_emotions_view(facts),
        transcript=_transcript_view(facts, objects),
        deck=_deck_outline(facts, objects),
        film=FilmView(**{name: film[name] for name in FilmView.model_fields}) if film else None,
        frame_count=(facts.get("frame_extraction") or {}).get("frames"),
    )


def _find(kind: type[R], facts: Mapping[str, Any]) -> R | None:
    """Returns a result, or None when it is missing or one that this version cannot read."""
    try:
        return kind.find(facts)
    except (ValueError, TypeError, LookupError):
        return None


def _emotions_view(facts: Mapping[str, Any]) -> EmotionsView | None:
    result = _find(EmotionsResult, facts)
    if result is None or not result.is_scored:
        return None
    return EmotionsView(
        faces=result.faces,
        frames=result.frames,
        frames_without_face=result.frames_without_face,
        scored_s=result.scored_s,
        uncertain_share=result.uncertain_share,
        share=dict(result.share),
        moments=tuple(
            EmotionMomentView(
                **{name: getattr(moment, name) for name in EmotionMomentView.model_fields}
            )
            for moment in result.moments
        ),
    )


def _transcript_view(facts: Mapping[str, Any], objects: ObjectStore) -> TranscriptView | None:
    result = _find(TranscriptResult, facts)
    if result is None:
        return None
    segments: tuple[SegmentView, ...] = ()
    if result.transcript.size_bytes <= MAX_TRANSCRIPT_BYTES:
        try:
            transcript = Transcript.from_json(read_object(objects, result.transcript))
        except SourceExpired:
            # Deleted since the job was read.
            return None
        segments = tuple(
            SegmentView(**{name: getattr(segment, name) for name in SegmentView.model_fields})
            for segment in transcript.segments[:MAX_SEGMENTS]
        )
    return TranscriptView(
        language=result.language,
        word_count=result.words,
        segment_count=result.segments,
        segments=segments,
        truncated=len(segments) < result.segments,
    )


def _deck_outline(facts: Mapping[str, Any], objects: ObjectStore) -> DeckOutline | None:
    result = _find(DeckResult, facts)
    if result is None:
        return None
    try:
        deck = Deck.from_dict(json.loads(read_object(objects, result.deck)))
    except SourceExpired:
        return None
    return DeckOutline(
        revision=result.revision,
        title=deck.title,
        language=deck.language,
        slides=tuple(
            SlideOutline(id=slide.id, heading=slide.heading, bullets=tuple(slide.bullets))
            for slide in deck.slides
        ),
    )
