"""Results of emotion_scoring, with what a test does not say filled in."""

from __future__ import annotations

from typing import Any

from shared.domain.emotion_results import EmotionMoment, EmotionsResult, PackedFrame, SceneFrame

FRAME = PackedFrame("packs/j/k/00.pack", 1, 0, 5)


def a_moment(
    time_s: float, emotion: str = "happy", confidence: float = 0.9, **fields: Any
) -> EmotionMoment:
    """A moment from a second before `time_s` to two seconds after it."""
    values: dict[str, Any] = {
        "face_id": 2, "begin_s": time_s - 1, "end_s": time_s + 2, "frame": "a.jpg", "number": 1,
        "box": (10, 10, 40, 40), "thumbnail": "moment_1_happy.jpg", "picture": FRAME, **fields,
    }  # fmt: skip
    return EmotionMoment(time_s, emotion, confidence, **values)


def a_scene(time_s: float) -> SceneFrame:
    return SceneFrame(time_s, FRAME)


def emotions(**fields: Any) -> EmotionsResult:
    """The result of a whole video."""
    values: dict[str, Any] = {
        "frames": 80, "frames_without_face": 0, "no_face_share": 0.0, "faces": 2,
        "most_faces_at_once": 2, "scored_s": 80.0, "uncertain_share": 0.0,
        "share": {"happy": 0.55, "sad": 0.3, "neutral": 0.15}, "quality": {"ok": 80},
        "moments": (), "mood": (), "scenes": (), "models": (), "purpose": "a test",
        "smooth": False, "note": "A score is not a feeling.", **fields,
    }  # fmt: skip
    return EmotionsResult(**values)
