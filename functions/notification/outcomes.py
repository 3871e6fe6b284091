"""What there is to say about an outcome: rows of sentences, no code a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.jobs.model import Job
from shared.pipeline import Bucket
from shared.recipes.results import FramesResult
from shared.recipes.stored_object import Artifact


@dataclass(frozen=True, slots=True)
class ResultWording:
    """What a kind of artifact is called in a mail. `counted` is the singular and the plural of
    what frame_extraction counted, None when there is nothing to count."""

    noun: str
    button: str
    count_nouns: tuple[str, str] | None = None


RESULTS: Mapping[str, ResultWording] = {
    "film": ResultWording("Your film", "Get the film"),
    "timeline": ResultWording("Your timeline of emotions", "Get the timeline"),
    "frames": ResultWording("Your pictures", "Get the pictures", ("picture", "pictures")),
}
"""By kind of artifact; a job's main result is the first kind in this order that it has."""

ADVICE: Mapping[str, str] = {
    "attempts-exhausted": "You can take the job up again: what is finished already is kept.",
    "unexpected": "You can take the job up again: what is finished already is kept.",
    "source-expired": "Create a new job and upload the file again.",
    "video-too-long": "Cut the video into shorter ones, and create a job for each.",
    "too-many-frames": "Create a new job with a longer interval, or with a start and an end.",
    "no-frames": "Create a new job with another start and end.",
    "unsupported-codec": "Convert the video to H.264, and create a new job with it.",
    "decoder-crashed": "Convert the video to H.264, and create a new job with it.",
    "too-much-work": "Make the video smaller, or create a new job with a start and an end.",
    "too-much-memory": "Make the video smaller, and create a new job with it.",
    "external-media": "Save the video with all of its media in one file, and upload that.",
    "encrypted-video": "Create a new job with a copy that is not protected.",
}
"""What a person can do about an error, by its code."""
FIX_AND_RETRY = "Create a new job when the file or the options are mended."


def find_main_result(job: Job) -> tuple[Artifact, ResultWording] | None:
    """The artifact that a mail leads to, and what it is called; None when there is none."""
    made = [one for one in job.artifacts if one.bucket == Bucket.OUTPUTS]
    for kind, result in RESULTS.items():
        for one in made:
            if one.kind == kind:
                return one, result
    return None


def format_count(job: Job, result: ResultWording) -> str:
    """How many there are, in words such as "1,200 pictures"; "" when nobody counted."""
    extracted = FramesResult.find(job.facts)
    if result.count_nouns is None or extracted is None:
        return ""
    (singular, plural), count = result.count_nouns, extracted.frames
    return f"1 {singular}" if count == 1 else f"{count:,} {plural}"


def find_advice(code: str) -> str:
    """What to do about an error."""
    return ADVICE.get(code, FIX_AND_RETRY)


def format_size(size_bytes: int) -> str:
    """A size for people, in decimal units."""
    value = float(size_bytes)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
