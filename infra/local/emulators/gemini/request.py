"""What a generateContent request asks for: how many slides in which language, out of what text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_FIELDS = frozenset(
    {
        "contents", "systemInstruction", "generationConfig", "safetySettings", "tools",
        "toolConfig", "cachedContent", "model", "system_instruction",
    }
)  # fmt: skip
_SLIDES = 8


class InvalidRequest(Exception):
    """A request that the service answers with an error."""


@dataclass(frozen=True)
class DeckRequest:
    """`language` is a tag, "" when the text's own is meant. `drafts` are slides to be worded
    anew, as `wish` says."""

    prompt: str
    source: str
    slide_count: int
    language: str
    drafts: tuple[Mapping[str, Any], ...] = ()
    instruction: str = ""


def parse_request(body: Any) -> DeckRequest:
    """Raises Refused with the service's sentence."""
    if not isinstance(body, Mapping):
        raise InvalidRequest("Invalid JSON payload received.")
    for key in body:
        if key not in _FIELDS:
            raise InvalidRequest(
                f'Invalid JSON payload received. Unknown name "{key}": Cannot find field.'
            )
    said = "\n".join(_texts(body.get("contents")))
    if not said.strip():
        raise InvalidRequest("GenerateContentRequest.contents: contents is not specified")
    config = body.get("generationConfig") or {}
    # Protobuf's JSON takes both spellings of a name, and the libraries use both.
    schema = config.get("responseSchema") or config.get("responseJsonSchema") or {}
    if schema and config.get("responseMimeType") != "application/json":
        raise InvalidRequest(
            "response_schema is only supported with response_mime_type application/json"
        )
    fields = schema.get("properties") or {}
    slides = fields.get("slides") or {}
    given = _given(said)
    return DeckRequest(
        prompt=str(given.get("prompt") or said),
        source=str(given.get("source") or ""),
        slide_count=int(slides.get("maxItems") or slides.get("max_items") or _SLIDES),
        language=str(((fields.get("language") or {}).get("enum") or [""])[0]),
        drafts=tuple(one for one in given.get("slides") or () if isinstance(one, Mapping)),
        instruction=str(given.get("instruction") or ""),
    )


def check_roles(body: Mapping[str, Any]) -> None:
    """Vertex AI takes no content without a role; the Developer API does. Raises Refused."""
    for row in body.get("contents") or ():
        if not isinstance(row, Mapping) or row.get("role") not in ("user", "model"):
            raise InvalidRequest("Please use a valid role: user, model.")


def _texts(contents: Any) -> list[str]:
    rows = contents if isinstance(contents, list) else [contents]
    parts = [
        part
        for row in rows
        if isinstance(row, Mapping)
        for part in row.get("parts") or ()
        if isinstance(part, Mapping)
    ]
    return [str(part["text"]) for part in parts if part.get("text")]


def _given(said: str) -> Mapping[str, Any]:
    """The person's text as an object, when it was sent as one."""
    try:
        given = json.loads(said)
    except ValueError:
        return {}
    return given if isinstance(given, Mapping) else {}
