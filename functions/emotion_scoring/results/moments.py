"""The strongest moments as results, and the track of the face of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from functions.emotion_scoring.results.summary import Peak
from functions.emotion_scoring.results.timeline import Moment
from shared.recipes.emotions.results import FacePosition

TRACK_REACH_S = Fraction(12)
"""The track of a face extends this long before and after its strongest moment: as far as a clip of
a recap can."""
_MAX_POSITIONS = 50
"""Per track, so that those of all moments fit the document of the job."""


def thumbnail_name(number: int, peak: Peak) -> str:
    """Returns the name of the picture of a moment, by its number from 0."""
    return f"moment_{number + 1}_{peak.emotion}.jpg"


def peak_rows(peaks: Iterable[Peak]) -> list[dict[str, Any]]:
    """Returns the peaks as rows for the results, each with the name of its thumbnail."""
    return [
        {**peak.to_dict(), "thumbnail": thumbnail_name(n, peak)} for n, peak in enumerate(peaks)
    ]


Track = tuple[FacePosition, ...]


def find_tracks(moments: Iterable[Moment], peaks: Sequence[Peak]) -> list[tuple[Track, Track]]:
    """Returns the positions of the face of each peak around its time, and those of the other faces,
    in the order of the peaks.

    Args:
        moments: All moments of the timeline in the order of time.
    """
    tracks: list[tuple[list[FacePosition], list[FacePosition]]] = [([], []) for _ in peaks]
    for moment in moments:
        near = [
            (track, peak)
            for track, peak in zip(tracks, peaks, strict=True)
            if abs(moment.time - peak.time) <= TRACK_REACH_S
        ]
        for track, peak in near:
            for reading in moment.readings:
                own, others = track
                is_own = reading.face_id == peak.face_id
                (own if is_own else others).append(_position(moment, reading.face.box))
    return [(tuple(_thin_out(own)), tuple(_thin_out(others))) for own, others in tracks]


def _position(moment: Moment, box: Any) -> FacePosition:
    stamp = moment.frame.stamp
    return FacePosition(
        round(float(moment.time), 3),
        round((box.x + box.width / 2) / stamp.width, 4),
        round((box.y + box.height / 2) / stamp.height, 4),
        round(box.width / stamp.width, 4),
        round(box.height / stamp.height, 4),
    )


def _thin_out(track: list[FacePosition]) -> list[FacePosition]:
    return track[:: -(-len(track) // _MAX_POSITIONS) or 1]
