"""The fields of requests with what users note about a job: description, tags, metadata, people."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from functions.api.fields import Line
from shared.http.problems import InvalidFields
from shared.http.schemas import RequestModel
from shared.jobs.user_metadata import (
    MAX_DESCRIPTION_CHARS,
    MAX_METADATA_KEY_CHARS,
    MAX_METADATA_KEYS,
    MAX_METADATA_VALUE_CHARS,
    MAX_PEOPLE,
    MAX_PERSON_NAME_CHARS,
    MAX_TAG_CHARS,
    MAX_TAGS,
    UserMetadata,
)

_CONTROL = r"\x00-\x08\x0b-\x1f\x7f-\x9f"
"""Control characters except tabs and line feeds."""


def _normalize(text: str) -> str:
    """Returns the text in the form NFC, so that equal tags are equal to Firestore."""
    return unicodedata.normalize("NFC", text)


def _check_key(key: str) -> str:
    # Firestore reserves these names.
    if key.startswith("__") and key.endswith("__"):
        raise PydanticCustomError("reserved", "A key must not begin and end with two underscores")
    return key


_Text = Annotated[str, Field(json_schema_extra={"pattern": f"^[^{_CONTROL}]*$"})]


def _check_text(text: str) -> str:
    if any((ord(char) < 32 and char not in "\t\n") or 127 <= ord(char) < 160 for char in text):
        raise PydanticCustomError("control", "Control characters cannot be used")
    return text


Description = Annotated[_Text, Field(max_length=MAX_DESCRIPTION_CHARS), AfterValidator(_check_text)]
Tag = Annotated[Line, Field(max_length=MAX_TAG_CHARS), AfterValidator(_normalize)]
Tags = Annotated[
    list[Tag],
    Field(max_length=MAX_TAGS),
    AfterValidator(lambda tags: list(dict.fromkeys(tags))),
]
MetadataKey = Annotated[Line, Field(max_length=MAX_METADATA_KEY_CHARS), AfterValidator(_check_key)]
MetadataValue = Annotated[
    _Text, Field(max_length=MAX_METADATA_VALUE_CHARS), AfterValidator(_check_text)
]

FaceId = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5}$")]
PersonName = Annotated[Line, Field(max_length=MAX_PERSON_NAME_CHARS)]


class NewUserMetadata(RequestModel):
    """What you note about a new job."""

    # Without them the serialized request is that of versions that have no such fields, so its
    # fingerprint for an idempotency key is too.
    description: Annotated[Description | None, Field(exclude_if=lambda value: value is None)] = (
        Field(None, description="A text about the job, for you.")
    )
    tags: Annotated[Tags | None, Field(exclude_if=lambda value: value is None)] = Field(
        None, description="Tags of the job. Lists of jobs are filtered by one: `tag`."
    )
    metadata: Annotated[
        dict[MetadataKey, MetadataValue] | None, Field(exclude_if=lambda value: value is None)
    ] = Field(
        None,
        max_length=MAX_METADATA_KEYS,
        description="Texts by key, for your programs. The events of webhooks contain them.",
    )

    @property
    def user_metadata(self) -> UserMetadata:
        """The fields, with nothing for those that are missing."""
        return UserMetadata(self.description or "", tuple(self.tags or ()), self.metadata or {})


class UserMetadataChange(RequestModel):
    """What you note about a job. A field that is null or missing is kept."""

    description: Description | None = Field(None, description='A new description; "" removes it.')
    tags: Tags | None = Field(None, description="The new tags, in place of all others.")
    metadata: dict[MetadataKey, MetadataValue | None] | None = Field(
        None,
        max_length=2 * MAX_METADATA_KEYS,
        description="Texts to set by key; null removes a key, and the others are kept.",
    )

    people: dict[FaceId, PersonName | None] | None = Field(
        None,
        max_length=2 * MAX_PEOPLE,
        description="Names of the people in the video to set by `face_id`, in a recipe that "
        "analyzes faces; null removes a name, and the others are kept.",
    )

    def apply_to(self, current: UserMetadata) -> UserMetadata:
        """Returns the changed fields. Raises InvalidFields when there are too many keys."""
        metadata = _merge(current.metadata, self.metadata or {})
        if len(metadata) > MAX_METADATA_KEYS:
            message = f"A job has at most {MAX_METADATA_KEYS} keys; this makes {len(metadata)}."
            raise InvalidFields([("metadata", message)])
        people = _merge(current.people, self.people or {})
        if len(people) > MAX_PEOPLE:
            message = f"A job has at most {MAX_PEOPLE} names; this makes {len(people)}."
            raise InvalidFields([("people", message)])
        return UserMetadata(
            current.description if self.description is None else self.description,
            current.tags if self.tags is None else tuple(self.tags),
            metadata,
            people,
        )


def _merge(current: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    merged = {**current, **changes}
    return {key: value for key, value in merged.items() if value is not None}
