"""The voices of the speech service, which of them speaks a language, and the problems of a voice
and a language that are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.recipes.films.speech import SpeechSettings
from shared.recipes.option_values import join_words

MAX_ALTERNATIVES = 6
"""The number of voices that an error message names."""
# The service uses cmn and yue where BCP-47 usually has zh, and accepts no script in a tag.
_CHINESE = {"": "cmn-CN", "CN": "cmn-CN", "SG": "cmn-CN", "TW": "cmn-TW", "HK": "yue-HK",
            "MO": "yue-HK"}  # fmt: skip
_SCRIPTS = {"Hans": "cmn-CN", "Hant": "cmn-TW"}
_CODES = {"no": "nb-NO", "nn": "nb-NO", "iw": "he-IL", "tl": "fil-PH", "fil": "fil-PH",
          "ar": "ar-XA"}  # fmt: skip
_ANY_CHINESE = ("cmn", "yue")
# For a language without a region; else the region of the same name, as de-DE.
_DEFAULT_REGIONS = {"en": "en-US", "pt": "pt-BR", "bn": "bn-IN", "ta": "ta-IN", "ur": "ur-IN"}
STANDARD = "Standard"
"""The technology of voices that are no neural networks."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of the speech service.

    Attributes:
        languages: The service's codes, such as cmn-CN.
        gender: MALE, FEMALE or NEUTRAL; "" if it is not stated.
    """

    name: str
    languages: tuple[str, ...]
    gender: str = ""

    @property
    def technology(self) -> str:
        """The technology that the name states after the language, such as Neural2 or Chirp3-HD, on
        which the price depends; "" for a name of another form."""
        words = self.name.split("-")[2:-1]
        return "-".join(words[:2] if words[1:2] == ["HD"] else words[:1])

    @property
    def is_neural(self) -> bool:
        """Whether a neural network speaks."""
        return self.technology != STANDARD


def language_code(settings: SpeechSettings) -> str:
    """Returns the service's code for a language. The name of a voice begins with its code."""
    parts = settings.voice.split("-")
    if len(parts) > 2:
        return "-".join(parts[:2])
    language, *rest = settings.language.split("-")
    script = next((part for part in rest if len(part) == 4), "")
    region = next((part for part in rest if len(part) != 4), "")
    if language == "zh":
        return _CHINESE.get(region, "cmn-CN") if region else _SCRIPTS.get(script, "cmn-CN")
    if language in _CODES and (not region or language != "ar"):
        return _CODES[language]
    return f"{language}-{region}" if region else language


def find_voice_problems(
    language: str, voice: str, voices: Sequence[Voice]
) -> list[tuple[str, str]]:
    """Returns the problems as pairs of an option (`language`, `voice`) and a sentence.

    Args:
        language: A BCP-47 tag; "" if it is not chosen.
        voice: The name of a voice; "" if it is not chosen.
        voices: All voices of the service.
    """
    problems = []
    speaking = filter_voices(voices, language)
    if language and not speaking:
        spoken = sorted({_base(code) for item in voices for code in item.languages})
        problems.append(
            ("language", f"No voice speaks {language}; there are voices for {_join(spoken)}.")
        )
    chosen = next((item for item in voices if item.name == voice), None)
    if voice and chosen is None:
        similar = [item for item in voices if _base(item.name) == _base(voice)]
        alternatives = _list_alternatives((speaking if language else similar) or voices)
        problems.append(("voice", f"There is no voice {voice}; voices are {alternatives}."))
    elif chosen is not None and language and speaking and chosen not in speaking:
        problems.append(
            (
                "voice",
                f"The voice {voice} speaks {_join(chosen.languages)}, not {language}; voices "
                f"for {language} are {_list_alternatives(speaking)}.",
            )
        )
    return problems


def choose_voice(language: str, voices: Sequence[Voice], preference: Sequence[str]) -> Voice | None:
    """Returns the voice that speaks a language when the user names none; None if there is none.

    The same list of voices gives the same voice: the first of the preferred technology, of the
    region of the language if there is one.

    Args:
        language: A BCP-47 tag.
        preference: Technologies, the preferred one first. Others are chosen only without these.
    """
    code = language_code(SpeechSettings(language))
    code = _DEFAULT_REGIONS.get(code, code)
    region = code if "-" in code else f"{code}-{code.upper()}"
    technologies = [name.lower() for name in preference]

    def rank(voice: Voice) -> tuple[bool, int]:
        technology = voice.technology.lower()
        is_known = technology in technologies
        return (
            region not in voice.languages,
            technologies.index(technology) if is_known else len(technologies),
        )

    speaking = filter_voices(voices, language)
    return min(speaking, key=rank) if speaking else None


def filter_voices(voices: Sequence[Voice], language: str) -> list[Voice]:
    """Returns the voices that speak a language of any region, in their order. All for ""."""
    return [voice for voice in voices if not language or _speaks(voice, language)]


def _speaks(voice: Voice, language: str) -> bool:
    codes = {_base(language_code(SpeechSettings(language)))}
    if language == "zh":
        codes.update(_ANY_CHINESE)
    return any(_base(code) in codes for code in voice.languages)


def _base(code: str) -> str:
    return code.split("-")[0].lower()


def _list_alternatives(voices: Sequence[Voice]) -> str:
    names = [voice.name for voice in voices]
    if len(names) <= MAX_ALTERNATIVES:
        return _join(names)
    return f"{', '.join(names[:MAX_ALTERNATIVES])} and {len(names) - MAX_ALTERNATIVES} more"


def _join(words: Sequence[str]) -> str:
    return join_words(words, "and") if len(words) > 1 else "".join(words)
