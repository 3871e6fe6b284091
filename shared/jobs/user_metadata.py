"""What users note about a job: a description, tags, a map of texts, and names of the people in its
video. No function reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

MAX_DESCRIPTION_CHARS = 2_000
MAX_TAGS = 20
MAX_TAG_CHARS = 40
MAX_METADATA_KEYS = 50
MAX_METADATA_KEY_CHARS = 40
MAX_METADATA_VALUE_CHARS = 500
"""The limits of metadata are those of Stripe: https://docs.stripe.com/api/metadata."""
MAX_PEOPLE = 50
MAX_PERSON_NAME_CHARS = 60


@dataclass(frozen=True, slots=True)
class UserMetadata:
    """The notes of a user about a job.

    Attributes:
        tags: Different texts, in the order of the user. Lists of jobs are filtered by one of them.
        metadata: Texts by key, for programs.
        people: Names by the `face_id` of the emotion timeline. They are personal data: only views
            of the job and exports contain them.
    """

    description: str = ""
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Parses the fields of a job's document. Earlier versions stored none."""
        return cls(
            description=data.get("description", ""),
            tags=tuple(data.get("tags", ())),
            metadata=dict(data.get("metadata", {})),
            people=dict(data.get("people", {})),
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields for a job's document."""
        return {
            "description": self.description,
            "tags": list(self.tags),
            "metadata": dict(self.metadata),
            "people": dict(self.people),
        }
