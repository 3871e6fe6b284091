"""The files that belong to a shared result, and what its page shows of them.

A link gives access to one result. With a film come its poster, its captions and its chapters, which
show and say nothing that the film itself does not, and with a video that has its captions in it the
captions. Nothing else of the job is served: no emotions, no readings, no title. A video of scored
faces comes alone: its owner shared what is seen, not a text of what is said.
"""

from __future__ import annotations

from dataclasses import dataclass

from functions.downloads.share_page.cues import TimedText, parse_cues
from shared.errors import SourceExpired, TransientError
from shared.http.artifacts import SharedResult
from shared.http.request import ApiRequest
from shared.recipes.stored_object import Artifact
from shared.runtime.results_writer import read_object

MAX_TEXT_BYTES = 1 << 20
"""A larger file of captions, of twelve hours, is not shown on the page; the player reads it."""
_CAPTIONED_KINDS = ("film", "captioned")


@dataclass(frozen=True, slots=True)
class SharedParts:
    """The files that belong to a shared result; None for what it does not have."""

    poster: Artifact | None = None
    captions: Artifact | None = None
    chapters: Artifact | None = None

    @classmethod
    def find(cls, shared: SharedResult) -> SharedParts:
        """Returns the files that the link serves beside its result."""
        artifact, job = shared.artifact, shared.job
        if artifact.kind == "subtitles" and artifact.name.endswith(".vtt"):
            return cls(captions=artifact)
        if artifact.kind not in _CAPTIONED_KINDS or not artifact.content_type.startswith("video/"):
            return cls()
        if job.scores_faces and artifact.kind != "film":
            return cls()
        parts = {
            result.kind: result
            for result in job.results
            if result.kind in ("poster", "chapters")
            or (result.kind == "subtitles" and result.name.endswith(".vtt"))
        }
        if artifact.kind != "film":
            return cls(captions=parts.get("subtitles"))
        return cls(parts.get("poster"), parts.get("subtitles"), parts.get("chapters"))


def read_lines(request: ApiRequest, artifact: Artifact | None) -> tuple[TimedText, ...]:
    """Returns the lines of a file of captions or chapters. Without it, or when it cannot be read,
    the page has none: the result is more important."""
    if artifact is None or artifact.size_bytes > MAX_TEXT_BYTES:
        return ()
    try:
        content = read_object(request.services.objects, artifact.stored_object)
    except (SourceExpired, TransientError) as error:
        request.services.log("share.page_incomplete", severity="WARNING", reason=repr(error))
        return ()
    return parse_cues(content.decode("utf-8", "replace"))
