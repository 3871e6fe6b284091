"""The request and response models of voices."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from shared.errors import PermanentError
from shared.http.schemas import QueryModel, ResponseModel
from shared.recipes.films.deck_fields import LANGUAGE_PATTERN, parse_language_tag
from shared.recipes.films.voices import Voice

_GENDERS: dict[str, Literal["male", "female", "neutral"]] = {
    "MALE": "male",
    "FEMALE": "female",
    "NEUTRAL": "neutral",
}


def _language(text: str) -> str:
    if not text:
        return text
    try:
        return parse_language_tag(text)
    except PermanentError as error:
        raise PydanticCustomError("language", "It must be a tag such as en or pt-BR") from error


class VoicesQuery(QueryModel):
    """The language whose voices are listed, of all its regions; all voices without it."""

    language: Annotated[
        str,
        Field(max_length=35, json_schema_extra={"pattern": rf"^({LANGUAGE_PATTERN})?$"}),
        AfterValidator(_language),
    ] = ""


class VoiceView(ResponseModel):
    """A voice of Text-to-Speech. `name` is the value of option `voice`. `languages` are the
    service's codes, such as cmn-CN. `technology` is the part of the name on which the price
    depends, such as Neural2. `sample_url` speaks a sentence in the voice's language."""

    name: str
    languages: tuple[str, ...]
    gender: Literal["male", "female", "neutral"] | None
    kind: Literal["neural", "standard"]
    technology: str
    sample_url: str


class VoiceList(ResponseModel):
    """The voices, neural ones first. `default` is the one that speaks `language` when a job names
    none; null without a language, and for one that no voice speaks."""

    voices: tuple[VoiceView, ...]
    default: str | None


def voice_view(voice: Voice) -> VoiceView:
    """Returns a voice as the API describes it."""
    return VoiceView(
        name=voice.name,
        languages=voice.languages,
        gender=_GENDERS.get(voice.gender),
        kind="neural" if voice.is_neural else "standard",
        technology=voice.technology,
        sample_url=f"/v1/voices/{voice.name}/sample",
    )
