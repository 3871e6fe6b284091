"""Parses a generateContent request: number of slides, language and text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.emulators.google_service import InvalidRequest

_FIELDS = frozenset(
    {
        "contents", "systemInstruction", "generationConfig", "safetySettings", "tools",
        "toolConfig", "cachedContent", "model", "system_instruction",
    }
)  # fmt: skip
_DEFAULT_SLIDE_COUNT = 8


@dataclass(frozen=True)
class DeckRequest:
    """A request for a deck. `language` is a tag, or "" for the language of the text. `drafts` are
    slides to rewrite according to `instruction`."""

    prompt: str
    source: str
    slide_count: int
    language: str
    drafts: tuple[Mapping[str, Any], ...] = ()
    instruction: str = ""


def parse_request(body: Any) -> DeckRequest:
    """Parses a request. Raises InvalidRequest with the service's message."""
    text = "\n".join(parse_texts(body))
    config = body.get("generationConfig") or {}
    # Protobuf's JSON accepts both spellings of a name, and the client libraries use both.
    schema = config.get("responseSchema") or config.get("responseJsonSchema") or {}
    if schema and config.get("responseMimeType") != "application/json":
        raise InvalidRequest(
            "response_schema is only supported with response_mime_type application/json"
        )
    fields = schema.get("properties") or {}
    slides = fields.get("slides") or {}
    fields_of_text = _parse_object(text)
    return DeckRequest(
        prompt=str(fields_of_text.get("prompt") or ("" if fields_of_text.get("source") else text)),
        source=str(fields_of_text.get("source") or ""),
        slide_count=int(slides.get("maxItems") or slides.get("max_items") or _DEFAULT_SLIDE_COUNT),
        language=str(((fields.get("language") or {}).get("enum") or [""])[0]),
        drafts=tuple(
            slide for slide in fields_of_text.get("slides") or () if isinstance(slide, Mapping)
        ),
        instruction=str(fields_of_text.get("instruction") or ""),
    )


def parse_texts(body: Any) -> list[str]:
    """Returns the texts of a request. Raises InvalidRequest if its form is wrong or it has none."""
    if not isinstance(body, Mapping):
        raise InvalidRequest("Invalid JSON payload received.")
    for key in body:
        if key not in _FIELDS:
            raise InvalidRequest(
                f'Invalid JSON payload received. Unknown name "{key}": Cannot find field.'
            )
    texts = _texts(body.get("contents"))
    if not "".join(texts).strip():
        raise InvalidRequest("GenerateContentRequest.contents: contents is not specified")
    return texts


def check_roles(body: Mapping[str, Any]) -> None:
    """Raises InvalidRequest for content without a role. Vertex AI requires roles; the Developer API
    does not."""
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


def _parse_object(text: str) -> Mapping[str, Any]:
    """Returns the user's text as a JSON object, or an empty object when it is plain text."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, Mapping) else {}
