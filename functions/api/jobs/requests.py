"""What a job that is wished for looks like."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, JsonValue
from pydantic_core import core_schema

from functions.api.fields import Line, MediaType, Scalar
from shared.flows.envelope import JOB_ID
from shared.http.schemas import RequestModel
from shared.pipeline import RECIPES

LATEST = "latest"
"""In a file's place: the newest upload of that kind."""


class FileMetadata(RequestModel):
    """A file that will be uploaded."""

    filename: Annotated[Line, Field(max_length=255)]
    content_type: MediaType
    size_bytes: Annotated[int, Field(gt=0, lt=1 << 53)]


class _OrLatest:
    """In a type's annotation: the text "latest" may stand in its place. A union would put the names
    of our classes into the paths of fields that are wrong."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return core_schema.no_info_wrap_validator_function(
            lambda value, file: value if value == LATEST else file(value),
            handler(source),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: value if value == LATEST else value.model_dump()
            ),
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        return {"anyOf": [handler(schema["schema"]), {"const": LATEST}]}


EXAMPLES: list[JsonValue] = [
    {
        "recipe": "frames",
        "options": {"every": "1/2"},
        "inputs": {
            "video": {
                "filename": "holiday.mp4",
                "content_type": "video/mp4",
                "size_bytes": 1_234_567,
            }
        },
    },
    {
        "recipe": "emotions",
        "options": {"consent": True, "purpose": "research", "smooth": True, "mirror": False},
        "inputs": {
            "video": {
                "filename": "talk.mp4",
                "content_type": "video/mp4",
                "size_bytes": 1_234_567,
            }
        },
    },
    {
        "recipe": "presentation",
        "title": "Photosynthesis",
        "options": {"slides": 6, "language": "en"},
        "inputs": {
            "prompt": {"filename": "prompt.txt", "content_type": "text/plain", "size_bytes": 280}
        },
    },
]
OPTIONS_DESCRIPTION = (
    "The recipe's options; an unknown one is refused. Among those of `emotions` and `recap` are "
    "`consent` and `purpose` (both required), `smooth` (default true: averages scores over time) "
    "and `mirror` (default true: averages each face's scores with those of its mirror image)."
)
InputName = Annotated[
    str,
    Field(
        max_length=40,
        json_schema_extra={
            "enum": sorted(
                {name for row in RECIPES.values() for one in row.inputs for name in one.names}
            )
        },
    ),
]
FileOrLatest = Annotated[FileMetadata, _OrLatest()]


class NewJob(RequestModel):
    """A job that is wished for. `inputs` are the recipe's, each once; an optional one may be left
    out. "latest" in a file's place takes the newest upload of that kind; with `from`, what is not
    named is taken from that job's uploads, or it is that recording's clip."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    recipe: Annotated[str, Field(max_length=40, json_schema_extra={"enum": list(RECIPES)})]
    title: Annotated[Line, Field(max_length=200)] | None = None
    options: dict[Annotated[str, Field(max_length=40)], Scalar] = Field(
        {}, max_length=40, description=OPTIONS_DESCRIPTION
    )
    inputs: dict[InputName, FileOrLatest] = Field({}, max_length=20)
    from_job: Annotated[str, Field(pattern=f"^{JOB_ID}$")] | None = Field(None, alias="from")

    @property
    def has_reused_inputs(self) -> bool:
        """Whether something that is uploaded already has to be looked for."""
        return self.from_job is not None or any(
            not isinstance(one, FileMetadata) for one in self.inputs.values()
        )
