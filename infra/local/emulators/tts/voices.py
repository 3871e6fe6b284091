"""The voices of the emulator, with names in the real service's format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.emulators.tts.neural_voices import NeuralVoice

# Language codes of the real service that cannot be derived from espeak-ng's by writing the region
# in upper case.
_CODES = {
    "af": "af-ZA", "ar": "ar-XA", "bg": "bg-BG", "bn": "bn-IN", "ca": "ca-ES", "cmn": "cmn-CN",
    "cs": "cs-CZ", "da": "da-DK", "de": "de-DE", "el": "el-GR", "es": "es-ES", "et": "et-EE",
    "eu": "eu-ES", "fi": "fi-FI", "gu": "gu-IN", "he": "he-IL", "hi": "hi-IN", "hr": "hr-HR",
    "hu": "hu-HU", "id": "id-ID", "is": "is-IS", "it": "it-IT", "ja": "ja-JP", "kn": "kn-IN",
    "ko": "ko-KR", "lt": "lt-LT", "lv": "lv-LV", "ml": "ml-IN", "mr": "mr-IN", "ms": "ms-MY",
    "nb": "nb-NO", "nl": "nl-NL", "pa": "pa-IN", "pl": "pl-PL", "pt": "pt-PT", "ro": "ro-RO",
    "ru": "ru-RU", "sk": "sk-SK", "sl": "sl-SI", "sr": "sr-RS", "sv": "sv-SE", "sw": "sw-KE",
    "ta": "ta-IN", "te": "te-IN", "th": "th-TH", "tr": "tr-TR", "uk": "uk-UA", "ur": "ur-IN",
    "vi": "vi-VN", "yue": "yue-HK",
}  # fmt: skip
_DEFAULT_REGIONS = {"en": "en-US", "fr": "fr-FR", "zh": "cmn-CN", "no": "nb-NO", "fil": "fil-PH"}
# Suffix of the name, espeak-ng's variant, and the service's gender.
_VARIANTS = (("A", "", "MALE"), ("C", "+f3", "FEMALE"))


class VoiceNotFound(ValueError):
    """The requested voice does not exist. The text is the real service's message."""


@dataclass(frozen=True)
class Voice:
    """One voice: its public name and language code, and the files of its engine.

    Attributes:
        espeak_voice: espeak-ng's voice file; "" for a neural voice.
        neural_files: Model and configuration of a neural voice; None for a voice of espeak-ng.
    """

    name: str
    language: str
    gender: str
    espeak_voice: str = ""
    neural_files: tuple[Path, Path] | None = None


class Catalogue:
    """All voices, by name or language. Neural voices come first, so that they are the default.

    Args:
        languages: espeak-ng's languages with their files.
        neural_voices: The available neural voices with their files.
    """

    def __init__(
        self,
        languages: Mapping[str, str],
        neural_voices: Mapping[NeuralVoice, tuple[Path, Path]] | None = None,
    ) -> None:
        neural = (
            Voice(voice.name, voice.language, voice.gender, neural_files=files)
            for voice, files in (neural_voices or {}).items()
        )
        standard = (
            Voice(f"{code}-Standard-{suffix}", code, gender, file + variant)
            for language, file in sorted(languages.items())
            if (code := _language_code(language)) is not None
            for suffix, variant, gender in _VARIANTS
        )
        self.voices = (*neural, *standard)

    def list_voices(self, language: str = "") -> list[Voice]:
        """Returns the voices of a language, with or without a region. Returns all voices for ""."""
        tag = language.lower()
        return [
            voice
            for voice in self.voices
            if not tag
            or voice.language.lower() == tag
            or voice.language.lower().startswith(f"{tag}-")
        ]

    def find_voice(self, language: str, name: str, gender: str = "") -> Voice:
        """Returns the voice that the real service would select. Raises VoiceNotFound."""
        if name:
            voice = next((voice for voice in self.voices if voice.name == name), None)
            if voice is None:
                raise VoiceNotFound(f"Voice '{name}' does not exist. Is it misspelled?")
            if voice not in self.list_voices(language):
                raise VoiceNotFound(
                    f"Requested language code '{language}' doesn't match the voice '{name}''s "
                    f"language code '{voice.language}'. Either use a different language code or "
                    "a different voice."
                )
            return voice
        # The service may select another region of the same language.
        candidates = self._list_voices_of_default_region(
            language
        ) or self._list_voices_of_default_region(language.split("-")[0])
        if not language or not candidates:
            raise VoiceNotFound(f"Voice '' does not exist for the language code '{language}'.")
        return next((voice for voice in candidates if voice.gender == gender), candidates[0])

    def _list_voices_of_default_region(self, language: str) -> list[Voice]:
        return self.list_voices(_DEFAULT_REGIONS.get(language.lower(), language))


def _language_code(espeak_language: str) -> str | None:
    """Returns the language code of an espeak-ng language, or None for dialects without one."""
    if espeak_language in _CODES:
        return _CODES[espeak_language]
    parts = espeak_language.split("-")
    if len(parts) == 1:
        return espeak_language
    has_region = len(parts) == 2 and (len(parts[1]) == 2 or parts[1].isdigit())
    return f"{parts[0]}-{parts[1].upper()}" if has_region else None
