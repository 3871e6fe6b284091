"""The request models of jobs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field
from pydantic_core import core_schema

from functions.api.fields import Line, MediaType, Scalar
from functions.api.jobs.metadata import NewUserMetadata
from functions.api.jobs.recipes import find_name_errors, find_option_error
from shared.flows.envelope import JOB_ID
from shared.http.problems import option_fields
from shared.http.schemas import RequestModel
from shared.jobs.buckets.gs_url import GS
from shared.jobs.fetches.fetch import MAX_URL_CHARS
from shared.pipeline import RECIPES
from shared.recipes.films.prompt import MAX_TEXT_CHARS

PROMPT_INPUT = "prompt"
"""The input that `prompt` and `text` of a request replace."""
LATEST = "latest"
"""Used instead of a file: the newest upload of that kind."""


Crc32c = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{6}==$")]
"""A CRC32C in the format of Cloud Storage: base64 of its four bytes, big-endian."""


class FileMetadata(RequestModel):
    """The metadata of a file to upload. `content_type` is a hint for those who download the upload:
    the bytes decide what the file is. With `crc32c` (base64 of the four bytes, big-endian, as in
    Cloud Storage) the job starts only if the upload has this checksum; otherwise it fails with
    `upload-differs`."""

    filename: Annotated[Line, Field(max_length=255)]
    content_type: MediaType = "application/octet-stream"
    size_bytes: Annotated[int, Field(gt=0, lt=1 << 53)]
    # Without a checksum the serialized request is that of versions that have no `crc32c`, so its
    # fingerprint for an idempotency key is too.
    crc32c: Annotated[Crc32c | None, Field(exclude_if=lambda value: value is None)] = None


class FileUrl(RequestModel):
    """A file that is fetched from an https URL, such as a signed URL of Cloud Storage or S3, or an
    object `gs://bucket/name` of a bucket that is bound to you: see `/v1/buckets`. The URL is stored
    encrypted until the file is fetched, and no response contains it. `filename` is by default the
    last part of its path. With `size_bytes` and `crc32c` the job starts only if the
    file has this size and checksum; otherwise it fails with `upload-differs`."""

    url: Annotated[
        str,
        Field(
            max_length=MAX_URL_CHARS,
            pattern=r"^(gs://[^\r\n]+|[a-z]+://[!-~]+)$",
            json_schema_extra={
                "writeOnly": True,
                "examples": ["https://files.example.org/talk.mp4?signature=0a1b2c"],
            },
        ),
    ]
    filename: Annotated[Line, Field(max_length=255)] | None = None
    content_type: MediaType | None = None
    size_bytes: Annotated[int, Field(gt=0, lt=1 << 53)] | None = None
    crc32c: Crc32c | None = None


DeliveryUrl = Annotated[
    str,
    Field(
        max_length=MAX_URL_CHARS,
        pattern=r"^[a-z]+://[!-~]+$",
        json_schema_extra={
            "writeOnly": True,
            "examples": ["https://files.example.org/frames.zip?signature=0a1b2c"],
        },
    ),
]
ResultName = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^/\r\n]+$")]


class DeliverTo(RequestModel):
    """Where the results of a job are copied when it is done: `url` is a folder `gs://bucket/folder/`
    of a bucket that is bound to you (see `/v1/buckets`), for all results; `urls` has https URLs by
    the name of the result, such as signed URLs for PUT. URLs are stored encrypted until the results
    are delivered, and no response contains them. A failed delivery does not fail the job."""

    url: (
        Annotated[
            str,
            Field(
                max_length=MAX_URL_CHARS,
                pattern=r"^gs://[^\r\n]+$",
                json_schema_extra={"examples": ["gs://my-bucket/results/"]},
            ),
        ]
        | None
    ) = None
    urls: Annotated[dict[ResultName, DeliveryUrl], Field(min_length=1, max_length=20)] | None = None


class _OrUrlOrLatest:
    """An annotation that makes a field also accept a FileUrl and the text "latest".

    A union would add the names of the model classes to the field paths of validation errors.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return core_schema.no_info_wrap_validator_function(
            _read_input,
            handler(source),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: value if value == LATEST else value.model_dump()
            ),
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        by_url = handler(FileUrl.__pydantic_core_schema__)
        return {"anyOf": [handler(schema["schema"]), by_url, {"const": LATEST}]}


def _read_input(value: Any, read_file: Callable[[Any], FileMetadata]) -> Any:
    if value == LATEST:
        return value
    if isinstance(value, Mapping) and "url" in value:
        return FileUrl.model_validate(value)
    return read_file(value)


_VIDEO = {"filename": "holiday.mp4", "content_type": "video/mp4", "size_bytes": 1_234_567}
_PICTURE = {"filename": "beach.jpg", "content_type": "image/jpeg", "size_bytes": 1_234_567}
_SOUND = {"filename": "song.mp3", "content_type": "audio/mpeg", "size_bytes": 345_678}
EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "frames": {"recipe": "frames", "options": {"every": "1/2"}, "inputs": {"video": _VIDEO}},
    "emotions": {
        "recipe": "emotions",
        "options": {"consent": True, "purpose": "research", "smooth": True, "mirror": False},
        "inputs": {"video": _VIDEO},
    },
    "recap": {
        "recipe": "recap",
        "options": {"length": 45, "aspect": "9:16"},
        "inputs": {"video": _VIDEO},
    },
    "presentation": {
        "recipe": "presentation",
        "title": "Photosynthesis",
        "options": {"slides": 6, "language": "en"},
        "prompt": "Explain photosynthesis to ten-year-olds.",
        "tags": ["biology", "class 5b"],
        "metadata": {"course": "BIO-5"},
    },
    "still": {
        "recipe": "still",
        "options": {"shape": "16:9", "loudness": "even"},
        "inputs": {"picture": _PICTURE, "sound": _SOUND},
    },
    "captions": {
        "recipe": "captions",
        "options": {"language": "auto", "video": "soft"},
        "inputs": {"media": _VIDEO},
    },
}
"""An example of a request for each recipe."""
InputName = Annotated[
    str,
    Field(
        max_length=40,
        json_schema_extra={
            "enum": sorted(
                {
                    name
                    for recipe in RECIPES.values()
                    for item in recipe.inputs
                    for name in item.names
                }
            )
        },
    ),
]
FileOrLatest = Annotated[FileMetadata, _OrUrlOrLatest()]


class NewJob(NewUserMetadata):
    """A job to create. `inputs` has the inputs of the recipe by name; optional ones can be omitted.
    Use `{"url": …}` instead of a file to have it fetched, and "latest" to take the newest upload of
    that kind. With `from`, inputs that are not in `inputs` come from the uploads of that job, or
    from the clip of that recording. `prompt` and `text` are the input `prompt` of a presentation,
    without an upload. With `deliver_to`, the results are copied there when the job is done."""

    recipe: Annotated[str, Field(max_length=40, json_schema_extra={"enum": list(RECIPES)})]
    title: Annotated[Line, Field(max_length=200)] | None = None
    options: dict[Annotated[str, Field(max_length=40)], Scalar] = Field({}, max_length=40)
    inputs: dict[InputName, FileOrLatest] = Field({}, max_length=20)
    # Without them the serialized request is that of earlier versions, so its fingerprint for an
    # idempotency key is too.
    prompt: Annotated[str | None, Field(exclude_if=lambda value: value is None)] = Field(
        None, max_length=MAX_TEXT_CHARS, description="The prompt, instead of an upload of it."
    )
    text: Annotated[str | None, Field(exclude_if=lambda value: value is None)] = Field(
        None,
        max_length=MAX_TEXT_CHARS,
        description="The source text that the slides are about, with or without a prompt.",
    )
    from_job: Annotated[str, Field(pattern=f"^{JOB_ID}$")] | None = Field(None, alias="from")
    deliver_to: Annotated[DeliverTo | None, Field(exclude_if=lambda value: value is None)] = None

    @classmethod
    def find_more_errors(cls, data: bytes) -> list[tuple[str, str]]:
        """Returns the errors of the options, and the inputs that are missing or unknown."""
        body = json.loads(data)
        name = body.get("recipe") if isinstance(body, dict) else None
        recipe = RECIPES.get(name) if isinstance(name, str) else None
        if recipe is None:
            return []
        errors: list[tuple[str, str]] = []
        options, inputs = body.get("options", {}), body.get("inputs", {})
        if isinstance(options, dict):
            # Values of other types are rejected by the model.
            scalars = {
                option: value
                for option, value in options.items()
                if value is None or isinstance(value, str | int | float)
            }
            errors += option_fields(find_option_error(recipe, scalars))
        if isinstance(inputs, dict) and "from" not in body:
            has_prompt = any(body.get(name) is not None for name in ("prompt", "text"))
            errors += find_name_errors(recipe, {*inputs, *([PROMPT_INPUT] if has_prompt else [])})
        return errors

    @property
    def has_reused_inputs(self) -> bool:
        """Whether an input comes from an earlier upload or a recording."""
        return self.from_job is not None or any(
            not isinstance(file, FileMetadata | FileUrl) for file in self.inputs.values()
        )

    @property
    def names_buckets(self) -> bool:
        """Whether an input comes from a bucket, or the results go to one."""
        urls = [str(getattr(file, "url", "")) for file in self.inputs.values()]
        if self.deliver_to is not None:
            urls.append(self.deliver_to.url or "")
        return any(url.startswith(GS) for url in urls)
