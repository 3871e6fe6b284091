"""The languages of speech recognition, and the check of the language of a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.api.recognition.schemas import RecognitionLanguages
from shared.entrypoints import bootstrap
from shared.errors import InvalidOption, TransientError
from shared.http.request import ApiRequest, ApiResponse
from shared.pipeline import Recipe
from shared.ports.speech_recognition import AUTO_LANGUAGE
from shared.recipes.captions.results import MEDIA_INPUT
from shared.recipes.recognition_languages import (
    describe_unknown_language,
    find_recognition_language,
)

RECOGNIZING_STAGE = "speech_recognition"


def list_languages(_request: ApiRequest) -> ApiResponse:
    """Returns the languages that speech recognition knows. Raises the errors of the service if it
    has not listed them."""
    languages = sorted(bootstrap.recognition_languages().require())
    return ApiResponse(RecognitionLanguages(languages=tuple(languages)))


def check_language(recipe: Recipe, options: Mapping[str, Any]) -> None:
    """Raises InvalidOption if speech recognition does not know the language of a job.

    If the service does not list its languages, nothing is checked: a job does not depend on another
    service when it is created, and speech_recognition fails with language-not-recognized.
    """
    if RECOGNIZING_STAGE not in recipe.for_options(options).stages:
        return
    # The language of another recipe is that of its deck.
    is_chosen = recipe.find_input(MEDIA_INPUT) is not None
    language = (options.get("language") if is_chosen else None) or AUTO_LANGUAGE
    try:
        languages = bootstrap.recognition_languages().require()
    except TransientError:
        return
    is_known = bool(languages) and (
        language == AUTO_LANGUAGE or find_recognition_language(language, languages) is not None
    )
    if not is_known:
        sentence = describe_unknown_language(language, languages)
        raise InvalidOption(sentence, [("language", sentence)])
