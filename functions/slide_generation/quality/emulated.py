"""Warnings about texts that the Gemini emulator wrote: it has rules and no language model."""

from __future__ import annotations

from shared.ports.models import EMULATOR_PREFIX
from shared.recipes.films.prompt import Prompt

_REMEDY = "set GEMINI_API_KEY or MOODREEL_VERTEX_PROJECT for a deck that Gemini writes"
_RECAP_LANGUAGE = "en"


def describe_emulator(engine: str, prompt: Prompt) -> tuple[str, ...]:
    """Returns a warning about a deck of the emulator; nothing for that of a language model."""
    if not engine.startswith(EMULATOR_PREFIX):
        return ()
    if prompt.source:
        return (
            "No language model was used: the slides and the narration are sentences of your text, "
            f"chosen by rules; {_REMEDY}.",
        )
    return (
        "This film is an outline only: no language model was used, and a prompt says little about "
        f"its topic. Give a text (--text FILE) for a film of its sentences, or {_REMEDY}.",
    )


def describe_emulated_rewrite(engine: str) -> tuple[str, ...]:
    """Returns a warning about a slide that the emulator rewrote."""
    if not engine.startswith(EMULATOR_PREFIX):
        return ()
    return ("No language model was used: the rewritten slide has the words of your instruction.",)


def describe_emulated_recap(engine: str, language: str) -> tuple[str, ...]:
    """Returns warnings about a recap whose slides the emulator left in plain English.

    Args:
        language: the requested language, or "".
    """
    if not engine.startswith(EMULATOR_PREFIX):
        return ()
    warnings = ["No language model was used: the text of the recap is plain English."]
    if language and language.split("-")[0] != _RECAP_LANGUAGE:
        warnings.append("Without it, the recap is written in English.")
    return tuple(warnings)


def describe_emulated_pictures(engine: str) -> tuple[str, ...]:
    """Returns a warning about pictures that the emulator drew."""
    if not engine.startswith(EMULATOR_PREFIX):
        return ()
    return ("No picture model was used: the drawn pictures are placeholders of coloured shapes.",)
