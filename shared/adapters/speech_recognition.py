"""Speech recognition with Google Cloud Speech-to-Text v2 over REST, which the local emulator
implements."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

import google.cloud.speech_v2 as stt
from google.api_core import exceptions as gx
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud.location import locations_pb2  # type: ignore[import-untyped]

from shared.adapters.availability import find_outage
from shared.errors import MoodreelError
from shared.ports.speech_recognition import (
    AUTO_LANGUAGE,
    MAX_SOUND_S,
    SAMPLE_RATE_HZ,
    LanguageNotRecognized,
    Recognition,
    RecognitionOverloaded,
    RecognitionRequest,
    RecognitionUnavailable,
    RecognizedWord,
    SpeechRecognizer,
)
from shared.recipes.recognition_languages import find_recognition_language
from shared.runtime.settings import Settings

TIMEOUT_S = 120
"""A minute of sound takes the service some seconds, and the emulator longer on a busy machine."""
LIST_TIMEOUT_S = 5
"""A request that creates a job waits for the list of languages."""
_BYTES_PER_SECOND = 2 * SAMPLE_RATE_HZ
_ABOUT_LANGUAGE = re.compile(r"\blanguage", re.IGNORECASE)
_NAME = "Speech-to-Text"


def create_speech_recognizer(
    settings: Settings, languages: Callable[[], Sequence[str]]
) -> SpeechRecognizer:
    """Returns the recognizer for the service, or for the emulator, which requires no credentials.

    Args:
        languages: Returns the service's tags, or none if it has not listed them.
    """
    return GoogleSpeechRecognizer(_create_client(settings), settings, languages)


def find_host(location: str) -> str:
    """Returns the host of a location, which answers for no other one."""
    host = "speech.googleapis.com"
    return host if location == "global" else f"{location}-{host}"


def fetch_recognition_languages(settings: Settings) -> tuple[str, ...]:
    """Returns the BCP 47 tags of the languages that the model recognizes.

    Raises RecognitionOverloaded or RecognitionUnavailable.
    """
    try:
        location = _create_client(settings).get_location(
            locations_pb2.GetLocationRequest(name=_parent(settings)),
            retry=None,
            timeout=LIST_TIMEOUT_S,
        )
        return _read_languages(location, settings.recognition_model)
    except (gx.GoogleAPIError, GoogleAuthError, OSError, ValueError) as error:
        outage = find_outage(error, RecognitionOverloaded, _NAME)
        message = f"{_NAME} does not list its languages: {type(error).__name__}."
        raise outage or RecognitionUnavailable(message) from error


class GoogleSpeechRecognizer:
    """SpeechRecognizer with a Speech-to-Text client."""

    def __init__(
        self,
        client: stt.SpeechClient,
        settings: Settings,
        languages: Callable[[], Sequence[str]],
    ) -> None:
        self._client = client
        self._model = settings.recognition_model
        self._parent = _parent(settings)
        self._engine = f"{'emulator' if settings.stt_endpoint else 'google'}/{self._model}"
        self._languages = languages

    @property
    def engine(self) -> str:
        return self._engine

    def recognize(self, request: RecognitionRequest) -> Recognition:
        duration_s = len(request.samples) / _BYTES_PER_SECOND
        if duration_s > MAX_SOUND_S:
            raise ValueError(f"{duration_s:.1f} s of sound; a request has at most {MAX_SOUND_S} s.")
        if not request.samples:
            return Recognition((), "")
        try:
            response = self._client.recognize(
                stt.RecognizeRequest(
                    # The empty recognizer: the request states everything.
                    recognizer=f"{self._parent}/recognizers/_",
                    config=self._config(self._service_language(request.language)),
                    content=request.samples,
                ),
                # The unit's own backoff waits; the client's would exceed the lease.
                retry=None,
                timeout=TIMEOUT_S,
            )
        except (gx.GoogleAPIError, GoogleAuthError, OSError, ValueError) as error:
            raise _to_error(error, request.language) from error
        return _read_response(response, duration_s)

    def _config(self, language: str) -> stt.RecognitionConfig:
        return stt.RecognitionConfig(
            explicit_decoding_config=stt.ExplicitDecodingConfig(
                encoding=stt.ExplicitDecodingConfig.AudioEncoding.LINEAR16,
                sample_rate_hertz=SAMPLE_RATE_HZ,
                audio_channel_count=1,
            ),
            model=self._model,
            language_codes=[language],
            features=stt.RecognitionFeatures(
                enable_word_time_offsets=True,
                enable_word_confidence=True,
                enable_automatic_punctuation=True,
            ),
        )

    def _service_language(self, tag: str) -> str:
        """Returns the service's tag. A tag that it does not list is left to the service."""
        if tag == AUTO_LANGUAGE:
            return tag
        return find_recognition_language(tag, self._languages()) or tag


def _parent(settings: Settings) -> str:
    """Returns the resource name of the location."""
    return f"projects/{settings.project}/locations/{settings.recognition_location}"


def _create_client(settings: Settings) -> stt.SpeechClient:
    if settings.stt_endpoint:
        return stt.SpeechClient(
            transport="rest",
            client_options=ClientOptions(api_endpoint=settings.stt_endpoint),
            credentials=AnonymousCredentials(),
        )
    host = find_host(settings.recognition_location)
    return stt.SpeechClient(transport="rest", client_options=ClientOptions(api_endpoint=host))


def _read_languages(location: locations_pb2.Location, model: str) -> tuple[str, ...]:
    metadata = stt.LocationsMetadata()
    if not location.metadata.Unpack(stt.LocationsMetadata.pb(metadata)):
        raise ValueError("The location states no languages.")
    return tuple(
        tag
        for tag, models in metadata.languages.models.items()
        # Models that detect the language list it as one.
        if model in models.model_features and tag != AUTO_LANGUAGE
    )


def _read_response(response: stt.RecognizeResponse, duration_s: float) -> Recognition:
    words = list[RecognizedWord]()
    languages = Counter[str]()
    for result in response.results:
        # A part of the sound without words has no alternative.
        if not result.alternatives:
            continue
        best = result.alternatives[0]
        if best.transcript.strip() and not any(word.end_offset for word in best.words):
            raise RecognitionUnavailable(
                f"{_NAME} states no times of words; its model does not support them."
            )
        words += [_read_word(word, duration_s) for word in best.words if word.word.strip()]
        languages[_usual_case(result.language_code)] += len(best.words)
    words.sort(key=lambda word: word.start_s)
    language = languages.most_common(1)[0][0] if words else ""
    return Recognition(tuple(words), language)


def _read_word(word: stt.WordInfo, duration_s: float) -> RecognizedWord:
    start_s = min(word.start_offset.total_seconds(), duration_s)
    return RecognizedWord(
        word.word.strip(),
        start_s,
        min(max(word.end_offset.total_seconds(), start_s), duration_s),
        # 0 means that the confidence was not set.
        word.confidence or None,
        word.speaker_label,
    )


def _usual_case(tag: str) -> str:
    """Returns a tag such as "en-us" as "en-US": script in title case, region in upper case."""
    language, *subtags = tag.split("-")
    cased = [part.title() if len(part) == 4 else part.upper() for part in subtags]
    return "-".join([language.lower(), *cased])


def _to_error(error: Exception, language: str) -> MoodreelError:
    outage = find_outage(error, RecognitionOverloaded, _NAME)
    if outage is not None:
        return outage
    match error:
        case gx.Unauthorized() | gx.Forbidden() | gx.NotFound():
            return RecognitionUnavailable(f"{_NAME} refuses access: {type(error).__name__}.")
        case gx.ClientError() if _ABOUT_LANGUAGE.search(error.message or ""):
            if language == AUTO_LANGUAGE:
                return LanguageNotRecognized(
                    "The speech recognition cannot detect the language; choose a language."
                )
            return LanguageNotRecognized(
                f"The speech recognition does not know {language}; choose another language."
            )
    # Another invalid request is a setting of the operator, such as a model that does not exist.
    return RecognitionUnavailable(f"{_NAME} failed: {type(error).__name__}.")
