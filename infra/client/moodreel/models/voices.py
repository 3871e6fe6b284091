"""Voices of films, and the languages of speech recognition."""

from __future__ import annotations

from moodreel.models.base import Model


class VoiceView(Model):
    """A voice. `name` is the value of the option `voice`; `kind` is neural or standard."""

    name: str
    languages: tuple[str, ...]
    gender: str | None
    kind: str
    technology: str = ""
    sample_url: str


class VoiceList(Model):
    """The voices, neural ones first. `default` is the one that speaks the language that was asked
    for, or None."""

    voices: tuple[VoiceView, ...]
    default: str | None


class RecognitionLanguages(Model):
    """The languages that speech recognition knows, as tags such as `en-US`."""

    languages: tuple[str, ...]
