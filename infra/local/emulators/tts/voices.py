"""Which voices the stand-in offers, under names of the real service's form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# The real service's language codes where espeak-ng's differ by more than the case of a region.
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
_FIRST_OF = {"en": "en-US", "fr": "fr-FR", "zh": "cmn-CN", "no": "nb-NO", "fil": "fil-PH"}
# Letter of the name, espeak-ng's variant, and the service's word for it.
_KINDS = (("A", "", "MALE"), ("C", "+f3", "FEMALE"))


class VoiceNotFound(ValueError):
    """The request's voice cannot be had; the text is the real service's."""


@dataclass(frozen=True)
class Voice:
    """One voice: its name and language code outside, espeak-ng's file inside."""

    name: str
    language: str
    espeak_voice: str
    gender: str


class Catalogue:
    """All offers, found by name or by language; `languages` are espeak-ng's with their files."""

    def __init__(self, languages: Mapping[str, str]) -> None:
        self.offers = tuple(
            Voice(f"{code}-Standard-{letter}", code, file + variant, gender)
            for sandbox_io, file in sorted(languages.items())
            if (code := _code(sandbox_io)) is not None
            for letter, variant, gender in _KINDS
        )

    def list_voices(self, language: str = "") -> list[Voice]:
        """Those of one language, with or without a region; of all when none is given."""
        wanted = language.lower()
        return [
            one
            for one in self.offers
            if not wanted
            or one.language.lower() == wanted
            or one.language.lower().startswith(f"{wanted}-")
        ]

    def find_voice(self, language: str, name: str, gender: str = "") -> Voice:
        """The voice that the real service would take. Raises NoSuchVoice."""
        if name:
            found = next((one for one in self.offers if one.name == name), None)
            if found is None:
                raise VoiceNotFound(f"Voice '{name}' does not exist. Is it misspelled?")
            if found not in self.list_voices(language):
                raise VoiceNotFound(
                    f"Requested language code '{language}' doesn't match the voice '{name}''s "
                    f"language code '{found.language}'. Either use a different language code or "
                    "a different voice."
                )
            return found
        # The service may take another region of the same language.
        offers = self._best(language) or self._best(language.split("-")[0])
        if not language or not offers:
            raise VoiceNotFound(f"Voice '' does not exist for the language code '{language}'.")
        return next((one for one in offers if one.gender == gender), offers[0])

    def _best(self, language: str) -> list[Voice]:
        return self.list_voices(_FIRST_OF.get(language.lower(), language))


def _code(inside: str) -> str | None:
    """The language code of one of espeak-ng's languages; None for dialects without one."""
    if inside in _CODES:
        return _CODES[inside]
    parts = inside.split("-")
    if len(parts) == 1:
        return inside
    plain = len(parts) == 2 and (len(parts[1]) == 2 or parts[1].isdigit())
    return f"{parts[0]}-{parts[1].upper()}" if plain else None
