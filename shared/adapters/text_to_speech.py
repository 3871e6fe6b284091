"""Speech with Google Cloud Text-to-Speech over REST, which the local emulator implements."""

from __future__ import annotations

import google.cloud.texttospeech as tts
from google.api_core import exceptions as gx
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError

from shared.adapters.availability import find_outage
from shared.errors import MoodreelError
from shared.ports.models import SpeechSynthesizer, VoiceOverloaded, VoiceRefused, VoiceUnavailable
from shared.recipes.films.speech import SpeechAudio, SpeechSettings, is_voice_name
from shared.recipes.films.voices import Voice, language_code
from shared.recipes.films.wav import InvalidWav, from_wav

TIMEOUT_S = 30
MAX_TEXT_BYTES = 5000
"""The longest text of a request, by the service's documentation."""
LIST_TIMEOUT_S = 5
"""A request that creates a job waits for the list of voices."""
_GENDERS = {
    tts.SsmlVoiceGender.MALE: "MALE",
    tts.SsmlVoiceGender.FEMALE: "FEMALE",
    tts.SsmlVoiceGender.NEUTRAL: "NEUTRAL",
}


def create_speech_synthesizer(endpoint: str) -> SpeechSynthesizer:
    """Returns the synthesizer for the service, or for the emulator at `endpoint`, which requires
    no credentials."""
    return GoogleSpeechSynthesizer(_create_client(endpoint), "emulator" if endpoint else "google")


def fetch_voices(endpoint: str) -> tuple[Voice, ...]:
    """Returns all voices of the service, or of the emulator at `endpoint`.

    Raises VoiceOverloaded or VoiceUnavailable.
    """
    try:
        response = _create_client(endpoint).list_voices(retry=None, timeout=LIST_TIMEOUT_S)
    except (gx.GoogleAPIError, GoogleAuthError, OSError, ValueError) as error:
        outage = find_outage(error, VoiceOverloaded, "Text-to-Speech")
        message = f"Text-to-Speech does not list its voices: {type(error).__name__}."
        raise outage or VoiceUnavailable(message) from error
    return tuple(
        Voice(voice.name, tuple(voice.language_codes), _GENDERS.get(voice.ssml_gender, ""))
        for voice in response.voices
        # Gemini's voices have names without a language, and need a model as well.
        if is_voice_name(voice.name)
    )


def _create_client(endpoint: str) -> tts.TextToSpeechClient:
    if not endpoint:
        return tts.TextToSpeechClient(transport="rest")
    return tts.TextToSpeechClient(
        transport="rest",
        client_options=ClientOptions(api_endpoint=endpoint),
        credentials=AnonymousCredentials(),
    )


class GoogleSpeechSynthesizer:
    """SpeechSynthesizer with a Text-to-Speech client."""

    def __init__(self, client: tts.TextToSpeechClient, engine: str) -> None:
        self._client = client
        self._engine = engine

    @property
    def engine(self) -> str:
        return self._engine

    def synthesize(self, text: str, settings: SpeechSettings) -> SpeechAudio:
        audio = tts.AudioConfig(audio_encoding=tts.AudioEncoding.LINEAR16)
        # Some voices reject every explicit pitch, so the default is omitted.
        if settings.speed != 1.0:
            audio.speaking_rate = settings.speed
        if settings.pitch != 0.0:
            audio.pitch = settings.pitch
        try:
            response = self._client.synthesize_speech(
                input=tts.SynthesisInput(text=text),
                voice=tts.VoiceSelectionParams(
                    language_code=language_code(settings), name=settings.voice
                ),
                audio_config=audio,
                # The unit's own backoff waits; the client's would exceed the lease.
                retry=None,
                timeout=TIMEOUT_S,
            )
        except (gx.GoogleAPIError, GoogleAuthError, OSError, ValueError) as error:
            raise _to_error(error, text, settings) from error
        try:
            return from_wav(response.audio_content)
        except InvalidWav as error:
            raise VoiceUnavailable("Text-to-Speech did not return a WAV file.") from error


def _to_error(error: Exception, text: str, settings: SpeechSettings) -> MoodreelError:
    outage = find_outage(error, VoiceOverloaded, "Text-to-Speech")
    if outage is not None:
        return outage
    match error:
        case gx.Unauthorized() | gx.Forbidden() | gx.NotFound():
            # A setting of the operator, not the user's text: it can be fixed and retried.
            return VoiceUnavailable(f"Text-to-Speech refuses access: {type(error).__name__}.")
        case gx.ClientError():
            return VoiceRefused(_describe_refusal(text, settings))
    return VoiceUnavailable(f"Text-to-Speech failed: {type(error).__name__}.")


def _describe_refusal(text: str, settings: SpeechSettings) -> str:
    """Returns why the service refused the request. Its own message contains its address."""
    if len(text.encode()) > MAX_TEXT_BYTES:
        return f"The text is longer than {MAX_TEXT_BYTES} bytes, which no voice speaks at once."
    language = settings.language
    if not settings.voice:
        return f"There is no voice that can speak this in {language}; choose another language."
    return (
        f"The voice {settings.voice} does not exist or cannot speak this in {language}; "
        "choose another voice or language."
    )
