"""The paid models behind a limit of calls per minute."""

from __future__ import annotations

from shared.ports.models import (
    DeckModel,
    Illustrator,
    ModelOverloaded,
    ModelRequest,
    PictureModelOverloaded,
    PictureRequest,
    SpeechSynthesizer,
    VoiceOverloaded,
)
from shared.recipes.films.speech import SpeechAudio, SpeechSettings
from shared.runtime.models.throttle import Throttle


class ThrottledSpeech:
    """SpeechSynthesizer that calls another one at a limited rate."""

    def __init__(self, synthesizer: SpeechSynthesizer, throttle: Throttle) -> None:
        self._synthesizer = synthesizer
        self._throttle = throttle

    @property
    def engine(self) -> str:
        return self._synthesizer.engine

    def synthesize(self, text: str, settings: SpeechSettings) -> SpeechAudio:
        self._throttle.acquire(VoiceOverloaded)
        return self._synthesizer.synthesize(text, settings)


class ThrottledDeckModel:
    """DeckModel that calls another one at a limited rate."""

    def __init__(self, model: DeckModel, throttle: Throttle) -> None:
        self._model = model
        self._throttle = throttle

    @property
    def engine(self) -> str:
        return self._model.engine

    def generate(self, request: ModelRequest) -> str:
        self._throttle.acquire(ModelOverloaded)
        return self._model.generate(request)


class ThrottledIllustrator:
    """Illustrator that calls another one at a limited rate."""

    def __init__(self, illustrator: Illustrator, throttle: Throttle) -> None:
        self._illustrator = illustrator
        self._throttle = throttle

    @property
    def engine(self) -> str:
        return self._illustrator.engine

    def draw(self, request: PictureRequest) -> bytes:
        self._throttle.acquire(PictureModelOverloaded)
        return self._illustrator.draw(request)
