"""Speech with Piper's neural voices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infra.local.emulators.tts.audio import play_faster
from shared.recipes.films.speech import SpeechAudio

THREADS = 1
"""Threads of the network. On a busy machine several wait for each other for minutes."""
_SEED = 1


class Piper:
    """The voices of Piper. A voice is loaded by its first text, which takes 2 s and 250 MB."""

    def __init__(self) -> None:
        self._voices: dict[Path, Any] = {}

    def speak(self, text: str, files: tuple[Path, Path], speed: float, pitch: float) -> SpeechAudio:
        """Synthesizes `text` with the voice of these files, `pitch` semitones higher."""
        # Imported late: these packages are only in the environment with neural voices.
        from piper import SynthesisConfig  # type: ignore[import-not-found]

        model, config = files
        if model not in self._voices:
            self._voices[model] = _load_voice(model, config)
        voice = self._voices[model]
        # Piper has no pitch: speech that is slower by this factor is played faster by it.
        factor = 2.0 ** (pitch / 12)
        settings = SynthesisConfig(length_scale=voice.config.length_scale * factor / speed)
        chunks = voice.synthesize(text, settings)
        pcm = b"".join(chunk.audio_int16_bytes for chunk in chunks)
        return play_faster(SpeechAudio(pcm, voice.config.sample_rate), factor)


def _load_voice(model: Path, config: Path) -> Any:
    import onnxruntime  # type: ignore[import-not-found]
    from piper import PiperVoice

    # The network adds noise to the rhythm. With a seed the same requests in the same order get the
    # same speech.
    onnxruntime.set_seed(_SEED)
    voice = PiperVoice.load(str(model), str(config))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    voice.session = onnxruntime.InferenceSession(
        str(model), sess_options=options, providers=["CPUExecutionProvider"]
    )
    return voice
