"""References to object versions in Cloud Storage: bucket, name and generation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from shared.pipeline import Bucket

OCTET_STREAM = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One version of an object. A document records only `bucket`, `name`, `generation` and
    `size_bytes`; the other fields are set when the object comes from Cloud Storage.

    Attributes:
        bucket: The role of the bucket; the settings map it to a bucket name.
        size_bytes: The size of the object.
        crc32c: Base64 of the big-endian checksum, as Cloud Storage returns it, or "".
        spec: Hash of the inputs of the object, "" for uploads.
        metadata: The object's custom metadata.
    """

    bucket: Bucket
    name: str
    generation: int
    size_bytes: int
    content_type: str = OCTET_STREAM
    crc32c: str = ""
    spec: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    created_at: datetime | None = None

    @property
    def version(self) -> tuple[str, int]:
        """Name and generation; they identify a version within a bucket."""
        return self.name, self.generation

    def to_dict(self) -> dict[str, Any]:
        """Returns the reference as it is recorded in a document."""
        return {
            "bucket": self.bucket.value,
            "name": self.name,
            "generation": self.generation,
            "size_bytes": self.size_bytes,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StoredObject:
        """Reads what `to_dict` wrote.

        Raises:
            ValueError: When `data` does not reference an object.
        """
        try:
            return cls(
                Bucket(data["bucket"]),
                str(data["name"]),
                int(data["generation"]),
                int(data["size_bytes"]),
            )
        except KeyError as missing:
            raise ValueError(f"The object reference has no {missing}.") from missing

    def to_artifact(self, name: str, kind: str) -> Artifact:
        """Returns the object as an artifact of a stage. `name` is the file name for users."""
        return Artifact(
            name,
            kind,
            self.bucket.value,
            self.name,
            self.generation,
            self.size_bytes,
            self.content_type,
        )


ResultKind = Literal[
    "film", "annotated", "poster", "narration", "subtitles", "chapters", "deck", "slides",
    "document", "frames", "manifest", "table", "sheet", "timeline", "cues", "chart", "moment",
    "media_info", "transcript", "captioned",
]  # fmt: skip
"""The kinds of the artifacts that users can download."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """An object that a stage wrote, recorded with the job under a file name for users."""

    name: str
    kind: str
    bucket: str
    object: str
    generation: int
    size_bytes: int
    content_type: str = OCTET_STREAM

    @property
    def stored_object(self) -> StoredObject:
        """The object."""
        return StoredObject(
            Bucket(self.bucket), self.object, self.generation, self.size_bytes, self.content_type
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns the artifact as it is recorded in a document."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Artifact:
        """Reads what `to_dict` wrote."""
        return cls(**{name: data[name] for name in cls.__slots__})
