"""The wording of outcomes: tables of phrases by kind of artifact and by error code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.jobs.model import Job
from shared.recipes.emotions.results import EmotionsResult
from shared.recipes.results import FramesResult
from shared.recipes.stored_object import Artifact
from shared.recipes.upload_results import Uploads


@dataclass(frozen=True, slots=True)
class ResultWording:
    """The name of a kind of artifact in an email. `count_nouns` is the singular and the plural for
    the number of frames, None when no number is given."""

    noun: str
    button: str
    count_nouns: tuple[str, str] | None = None


RESULTS: Mapping[str, ResultWording] = {
    "film": ResultWording("Your film", "Get the film"),
    "timeline": ResultWording("Your timeline of emotions", "Get the timeline"),
    "frames": ResultWording("Your pictures", "Get the pictures", ("picture", "pictures")),
}
"""Wording by kind of artifact. The main result of a job is its first kind in this order."""

_OTHER_URL = "Upload the file and redrive the job, or create a new job with a URL that works."
_BUCKET = (
    "Verify the bucket and its access, and create a new job; or upload the file and redrive this "
    "one."
)
ADVICE: Mapping[str, str] = {
    "upload-differs": "Get a new upload URL for the input, redrive the job, and upload the file.",
    "bucket-access-denied": _BUCKET,
    "bucket-not-bound": _BUCKET,
    "bucket-unusable": _BUCKET,
    "private-address": _OTHER_URL,
    "unfit-url": _OTHER_URL,
    "url-changed": _OTHER_URL,
    "url-not-resumable": _OTHER_URL,
    "url-refused": _OTHER_URL,
    "url-timeout": _OTHER_URL,
    "url-unavailable": _OTHER_URL,
    "url-unusable": _OTHER_URL,
    "source-expired": "Create a new job and upload the file again.",
    "upload-abandoned": "Redrive the job and upload the file, or create a new job.",
    "video-too-long": "Cut the video into shorter ones, and create a job for each.",
    "too-many-frames": "Create a new job with a longer interval, or with a start and an end.",
    "no-frames": "Create a new job with another start and end.",
    "unsupported-codec": "Convert the video to H.264, and create a new job with it.",
    "dolby-vision-only": "Export the video as HDR10, HLG or SDR, and create a new job with it.",
    "decoder-crashed": "Convert the file to H.264, JPEG or WAV, and create a new job with it.",
    "processing-failed": "Save the file in another format, and create a new job with it.",
    "too-much-work": "Make the file smaller or shorter, and create a new job with it.",
    "too-much-memory": "Make the file smaller, and create a new job with it.",
    "external-media": "Save the video with all of its media in one file, and upload that.",
    "encrypted-video": "Create a new job with a copy that is not protected.",
}
"""What a user can do about an error, by its code."""
FIX_AND_RETRY = "Create a new job after you have fixed the file or the options."
REDRIVE = "You can redrive the job: finished work is kept."
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
REPLACE_FILE = (
    "Choose another file on the page of the job: it goes on with that one, and its options stay."
)
FILE_ADVICE: Mapping[str, str] = {
    "video-too-long": "Cut the video into shorter ones.",
    "unsupported-codec": "Convert the video to H.264.",
    "dolby-vision-only": "Export the video as HDR10, HLG or SDR.",
    "decoder-crashed": "Convert the file to H.264, JPEG or WAV.",
    "processing-failed": "Save the file in another format.",
    "too-much-work": "Make the file smaller or shorter.",
    "too-much-memory": "Make the file smaller.",
    "external-media": "Save the video with all of its media in one file.",
    "encrypted-video": "Use a copy that is not protected.",
}
"""How to get a file that is accepted, by the code of the error."""
_NOT_THE_FILE = frozenset(
    {
        "upload-differs", "source-expired", "wrong-upload", "too-many-frames", "no-frames",
        "invalid-option", "prohibited-purpose", "upload-abandoned",
    }
)  # fmt: skip
"""Errors of upload_trigger that another file does not fix, or that have an advice of their own."""


def find_main_result(job: Job) -> tuple[Artifact, ResultWording] | None:
    """Returns the artifact that the email links to, and its wording. None when there is none."""
    for kind, wording in RESULTS.items():
        for artifact in job.results:
            if artifact.kind == kind:
                return artifact, wording
    return None


def format_count(job: Job, result: ResultWording) -> str:
    """Returns a count such as "1,200 pictures", or "" when there is none."""
    extracted = FramesResult.find(job.facts)
    if result.count_nouns is None or extracted is None:
        return ""
    (singular, plural), count = result.count_nouns, extracted.frames
    return f"1 {singular}" if count == 1 else f"{count:,} {plural}"


def count_spoken_moments(job: Job) -> int:
    """Returns at how many of the strongest moments a sentence is said. An email names neither the
    emotions nor the sentences: it is not encrypted on its way."""
    moments = (job.facts.get(EmotionsResult.STAGE) or {}).get("moments") or ()
    return sum(bool(moment.get("sentence")) for moment in moments)


def find_advice(code: str, stage: str = "") -> str:
    """Returns what a user can do about an error of a stage. A job whose upload was refused goes on
    with another file; the advice never offers to try the same file again."""
    if code in REDRIVABLE:
        return REDRIVE
    if stage == Uploads.STAGE and code not in _NOT_THE_FILE:
        return f"{FILE_ADVICE[code]} {REPLACE_FILE}" if code in FILE_ADVICE else REPLACE_FILE
    return ADVICE.get(code, FIX_AND_RETRY)


def format_size(size_bytes: int) -> str:
    """Returns a size in decimal units, such as "1.5 MB"."""
    value = float(size_bytes)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
