"""Pictures that a user adds to the deck of a job, by the SHA-256 of their bytes.

They are declared in the job before they are uploaded to the work bucket. They are decoded in the
sandbox when a slide that shows them is drawn, and deleted with the job.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.pipeline import DECKS_PREFIX
from shared.recipes.record import Record

ADDED_PREFIX = "added:"
"""The prefix of references; the SHA-256 in hex follows."""
MAX_ADDED_PICTURES = 24
MAX_ADDED_BYTES = 40_000_000
"""As of the pictures that are uploaded with a prompt."""
ADDED_TYPES = ("image/jpeg", "image/png", "image/webp", "image/heic", "image/heif")


@dataclass(frozen=True, slots=True)
class AddedPicture(Record):
    """A declared picture, whose object may not exist yet."""

    sha256: str
    filename: str
    content_type: str
    size_bytes: int

    @property
    def reference(self) -> str:
        """The reference that slides use."""
        return ADDED_PREFIX + self.sha256


def added_object_name(job_id: str, reference: str) -> str:
    """Returns the name of the object of an added picture, in the work bucket."""
    return f"{DECKS_PREFIX}{job_id}/pictures/{reference.removeprefix(ADDED_PREFIX)}"
