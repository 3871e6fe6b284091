"""Jobs: their status, inputs and Firestore documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.errors import WrongUpload
from shared.flows.documents import Doc
from shared.jobs.user_metadata import UserMetadata
from shared.pipeline import RECIPES, Bucket, Recipe
from shared.recipes.films.added_pictures import AddedPicture
from shared.recipes.stored_object import Artifact


class Status(StrEnum):
    """The status of a job. QUEUED while as many jobs of its owner run as may run at once. DELETED
    is the tombstone, which is kept for eight days."""

    AWAITING_UPLOAD = "awaiting_upload"
    QUEUED = "queued"
    RUNNING = "running"
    AWAITING_REVIEW = "awaiting_review"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELETED = "deleted"


TERMINAL = frozenset({Status.DONE, Status.FAILED, Status.CANCELLED, Status.DELETED})


@dataclass(frozen=True, slots=True)
class JobInput:
    """An input of a job.

    Attributes:
        upload: Number of the upload, so that a bad upload can be repeated under a new name.
        source: "object#generation" of the object that it is a copy of; "" for an upload.
        crc32c: The checksum that the upload must have, in the format of Cloud Storage; "" for any.
        fetch: The id of the task that fetches it from a URL, or "".
    """

    name: str
    object: str
    content_type: str
    size_bytes: int
    filename: str
    upload: int = 0
    source: str = ""
    crc32c: str = ""
    fetch: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields for a document. Without a checksum and a fetch they are those of
        versions that do not have these fields, which can read the document then."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        for name in ("crc32c", "fetch"):
            if not fields[name]:
                del fields[name]
        return fields

    def accepts(self, crc32c: str) -> bool:
        """Whether an upload with this checksum may be used."""
        return self.crc32c in ("", crc32c)


@dataclass(frozen=True, slots=True)
class Job:
    """jobs/{id}. `version` is for preconditions of writes."""

    id: str
    owner: str
    recipe_name: str
    title: str
    status: Status
    epoch: int
    revision: int
    options: Mapping[str, Any]
    inputs: tuple[JobInput, ...]
    stages: Mapping[str, str]
    artifacts: tuple[Artifact, ...]
    facts: Mapping[str, Any]
    warnings: tuple[str, ...]
    error: Mapping[str, Any] | None
    email: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    version: Any = field(compare=False)
    worked_ms: Mapping[str, int] = field(default_factory=dict)
    """The total working time of the units, by stage that is done."""
    replaced_bytes: int = 0
    """The size of the results that edited decks replaced. Their objects are kept."""
    deck_pictures: tuple[AddedPicture, ...] = ()
    """The pictures that the user added to the deck."""
    running_since: datetime | None = None
    """When the job left the queue the last time."""
    user_metadata: UserMetadata = field(default_factory=UserMetadata)
    has_delivery: bool = False
    """Whether its results are delivered: see `shared.jobs.result_deliveries`."""

    @property
    def recipe(self) -> Recipe:
        """Its recipe with the stages that were chosen when the job was created."""
        return RECIPES[self.recipe_name].with_stages(self.stages)

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended."""
        return self.status in TERMINAL

    @property
    def has_wrong_upload(self) -> bool:
        """Whether the job has failed because units that are DONE used a wrong upload. Then it
        cannot be resumed."""
        return (self.error or {}).get("code") == WrongUpload.code

    @property
    def results(self) -> tuple[Artifact, ...]:
        """The artifacts that users may download; artifacts between stages are excluded."""
        return tuple(artifact for artifact in self.artifacts if artifact.bucket == Bucket.OUTPUTS)

    @property
    def scores_faces(self) -> bool:
        """Whether it scores the faces in its video. Such a job shows no picture where its owner did
        not ask for it: people agreed to the analysis only. A recap without consent scores none."""
        return "emotion_scoring" in self.recipe.stages and self.options.get("consent") is not False

    @classmethod
    def from_doc(cls, doc: Doc) -> Job:
        """Parses a job's document."""
        data = doc.data
        return cls(
            id=doc.id,
            owner=data["owner"],
            recipe_name=data["recipe"],
            title=data["title"],
            status=Status(data["status"]),
            epoch=data["epoch"],
            revision=data["revision"],
            options=data["options"],
            inputs=tuple(JobInput(**row) for row in data["inputs"]),
            stages=data["stages"],
            artifacts=tuple(Artifact.from_dict(row) for row in data["artifacts"]),
            facts=data["facts"],
            warnings=tuple(data["warnings"]),
            error=data["error"],
            email=data["email"],
            created_at=data["created_at"],
            updated_at=data["updated_at"],
            expires_at=data["expires_at"],
            version=doc.version,
            worked_ms=data.get("worked_ms", {}),
            replaced_bytes=data.get("replaced_bytes", 0),
            deck_pictures=tuple(
                AddedPicture.from_dict(row) for row in data.get("deck_pictures", ())
            ),
            running_since=data.get("running_since"),
            user_metadata=UserMetadata.from_dict(data),
            has_delivery=data.get("has_delivery", False),
        )
