"""Times, numbers and moods in plain English, for the slides of a recap."""

from __future__ import annotations

_ADJECTIVES = {
    "happy": "happy",
    "sad": "sad",
    "angry": "angry",
    "fear": "afraid",
    "disgust": "disgusted",
    "surprise": "surprised",
    "neutral": "calm",
}


def format_time(seconds: float) -> str:
    """Returns `0:12`, or `1:02:03` from one hour on."""
    minutes, rest = divmod(round(float(seconds)), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def format_spoken_time(seconds: float) -> str:
    """Returns a text such as `1 minute and 12 seconds`."""
    hours, rest = divmod(round(float(seconds)), 3600)
    minutes, rest = divmod(rest, 60)
    units = [(hours, "hour"), (minutes, "minute"), (rest, "second")]
    parts = [count_noun(count, noun) for count, noun in units if count]
    if not parts:
        return "0 seconds"
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def count_noun(count: int, noun: str) -> str:
    """Returns a text such as `1 minute` or `2 minutes`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def face_count(faces: int) -> str:
    """Returns a text such as `no face` or `2 faces`."""
    return "no face" if not faces else count_noun(faces, "face")


def faces_look(faces: int) -> str:
    """Returns `the face looks` or `the faces look`."""
    return "the face looks" if faces == 1 else "the faces look"


def adjective(emotion: str) -> str:
    """Returns the adjective for an emotion."""
    return _ADJECTIVES.get(emotion, emotion)
