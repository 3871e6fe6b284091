"""The results that upload_trigger records for later stages, as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from shared.pipeline import Bucket
from shared.recipes.media_info import MEDIA_INFO_NAME, MediaInfo
from shared.recipes.record import InvalidRecord, Record
from shared.recipes.results import MissingResult, StageResult
from shared.recipes.stored_object import StoredObject


@dataclass(frozen=True, slots=True)
class PictureInfo(Record):
    """An uploaded picture. Width and height are in pixels, upright. `warnings` are for the user."""

    format: str
    width: int
    height: int
    warnings: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class SoundInfo(Record):
    """An uploaded sound.

    `declared_duration_s` is its duration in seconds as measured, or None if it was recorded before
    durations were measured and the file declared none. The name is stored, so it stays.
    `warnings` are for the user.
    """

    codec: str
    rate_hz: int
    channels: int
    declared_duration_s: float | None
    warnings: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class PromptInfo(Record):
    """The length of an uploaded prompt and of its source text."""

    characters: int
    source_characters: int


InputInfo = MediaInfo | PictureInfo | SoundInfo | PromptInfo


@dataclass(frozen=True, slots=True)
class Upload:
    """One examined input of a job: a part's result of upload_trigger.

    `filename` is the user's name of the file.
    """

    stored_object: StoredObject
    filename: str
    info: InputInfo

    @property
    def media_info(self) -> MediaInfo:
        """The facts of a video. Raises MissingResult for another kind of input."""
        if not isinstance(self.info, MediaInfo):
            raise MissingResult(f"{self.stored_object.name} is not a video.")
        return self.info

    @property
    def picture_info(self) -> PictureInfo:
        """The facts of a picture. Raises MissingResult for another kind of input."""
        if not isinstance(self.info, PictureInfo):
            raise MissingResult(f"{self.stored_object.name} is not a picture.")
        return self.info

    @property
    def duration_s(self) -> float:
        """The duration in seconds of a video or sound; 0 when unknown or not applicable."""
        if isinstance(self.info, MediaInfo):
            return float(self.info.duration or 0)
        return (self.info.declared_duration_s or 0.0) if isinstance(self.info, SoundInfo) else 0.0

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for the user about the file."""
        if isinstance(self.info, MediaInfo | PictureInfo | SoundInfo):
            return self.info.warnings or ()
        return ()

    @property
    def file_info(self) -> dict[str, Any]:
        """The description of the file in every result that is made from a video."""
        return {
            "filename": self.filename,
            "size_bytes": self.stored_object.size_bytes,
            "crc32c": self.stored_object.crc32c,
            "generation": self.stored_object.generation,
            "media_info": MEDIA_INFO_NAME,
        }

    def to_dict(self) -> dict[str, Any]:
        """Returns the upload as it is stored."""
        info = self.info.to_dict()
        return {
            "filename": self.filename,
            "object": self.stored_object.name,
            "generation": self.stored_object.generation,
            "size_bytes": self.stored_object.size_bytes,
            "crc32c": self.stored_object.crc32c,
            **({"media_info": info} if isinstance(self.info, MediaInfo) else info),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Upload:
        """Reads what `to_dict` wrote.

        Raises:
            ValueError: When a field is missing.
        """
        file = _File.from_dict(data)
        stored_object = StoredObject(
            Bucket.UPLOADS, file.object, file.generation, file.size_bytes, crc32c=file.crc32c
        )
        return cls(stored_object, file.filename, _parse_info(data))


@dataclass(frozen=True, slots=True)
class _File(Record):
    filename: str
    object: str
    generation: int
    size_bytes: int
    crc32c: str


def _parse_info(data: Mapping[str, Any]) -> InputInfo:
    if "media_info" in data:
        return MediaInfo.from_dict(data["media_info"])
    kinds: tuple[type[PictureInfo | SoundInfo | PromptInfo], ...]
    kinds = (PictureInfo, SoundInfo, PromptInfo)
    for kind in kinds:
        if kind.__slots__[0] in data:  # the first field identifies the kind
            return kind.from_dict(data)
    raise InvalidRecord("An upload has no info.")


@dataclass(frozen=True, slots=True)
class Uploads(StageResult):
    """The inputs of a job, by their names in the recipe."""

    STAGE: ClassVar[str] = "upload_trigger"
    inputs: Mapping[str, Upload]

    def to_dict(self) -> dict[str, Any]:
        """Returns the uploads as they are stored."""
        return {name: upload.to_dict() for name, upload in self.inputs.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Reads what `to_dict` wrote. Raises ValueError when a field is missing."""
        return cls({name: Upload.from_dict(upload) for name, upload in data.items()})

    def input(self, name: str) -> Upload:
        """Returns the input of this name. Raises MissingResult when the job has none."""
        if name not in self.inputs:
            raise MissingResult(f"The job has no input {name}.")
        return self.inputs[name]
