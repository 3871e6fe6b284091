"""What the email about an outcome says: the main result, what a user can do, and counts. The
sentences are in `shared/emails/templates`."""

from __future__ import annotations

from shared.jobs.model import Job
from shared.recipes.emotions.results import EmotionsResult
from shared.recipes.results import FramesResult
from shared.recipes.stored_object import Artifact
from shared.recipes.upload_results import Uploads

MAIN_KINDS = (
    "film", "captioned", "annotated", "chart", "timeline", "frames", "transcript", "subtitles",
)  # fmt: skip
"""The main result of a job is its first artifact of these kinds, in this order: what people watch
or look at comes before the files of programs."""
REDRIVABLE = frozenset(
    {
        "attempts-exhausted", "unexpected", "waited-too-long", "deadline-near", "lease-lost",
        "stopped", "overloaded", "short-read", "object-damaged", "pack-not-there",
        "answer-unusable", "storage-unavailable", "firestore-unavailable", "topic-unavailable",
        "model-unavailable", "model-overloaded", "voice-unavailable", "voice-overloaded",
        "recognition-unavailable", "recognition-overloaded", "quota-exhausted",
    }
)  # fmt: skip
"""The errors that are not those of the file or the options."""
_NOT_THE_FILE = frozenset(
    {
        "upload-differs", "source-expired", "wrong-upload", "too-many-frames", "no-frames",
        "invalid-option", "prohibited-purpose", "upload-abandoned",
    }
)  # fmt: skip
"""Errors of upload_trigger that another file does not fix, or that have an advice of their own."""


def find_main_result(job: Job) -> Artifact | None:
    """Returns the artifact that the email is about and links to. None when there is none."""
    for kind in MAIN_KINDS:
        for artifact in job.results:
            if artifact.kind == kind:
                return artifact
    return None


def find_frame_count(job: Job, result: Artifact | None) -> int | None:
    """Returns the number of extracted frames, when they are the result."""
    extracted = FramesResult.find(job.facts)
    is_main = result is not None and result.kind == "frames"
    return extracted.frames if is_main and extracted is not None else None


def count_spoken_moments(job: Job) -> int:
    """Returns at how many of the strongest moments a sentence is said. An email names neither the
    emotions nor the sentences: it is not encrypted on its way."""
    moments = (job.facts.get(EmotionsResult.STAGE) or {}).get("moments") or ()
    return sum(bool(moment.get("sentence")) for moment in moments)


def find_remedy(code: str, stage: str = "") -> str:
    """Returns what a user can do about an error of a stage: `redrive` the job, choose `other_file`,
    or `by_code`. A job whose upload was refused goes on with another file; the same file is never
    offered again."""
    if code in REDRIVABLE:
        return "redrive"
    if stage == Uploads.STAGE and code not in _NOT_THE_FILE:
        return "other_file"
    return "by_code"
