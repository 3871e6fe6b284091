"""The voice of a job whose user names none: chosen once per language, and kept for the job."""

from __future__ import annotations

from functools import lru_cache

from shared.entrypoints import bootstrap
from shared.entrypoints.stage import UnitContext
from shared.pipeline import NARRATION_PREFIX, Bucket
from shared.ports.models import VoiceRefused
from shared.ports.objects import ObjectStore

_JOBS = 64
"""Jobs and languages whose voice an instance remembers."""


class _NoVoiceKept(LookupError):
    """No part of the job has chosen a voice yet."""


def choose_voice(context: UnitContext, language: str) -> str:
    """Returns the name of the voice that speaks `language` in this job.

    The first part that runs chooses it and writes its name beside the narration of the job. Other
    parts, retries and edited decks read it, so that the list of voices and the operator's
    preference may change meanwhile. A voice that the service has no more is chosen anew.

    Raises VoiceRefused when no voice speaks the language, and the errors of the list of voices.
    """
    name = f"{NARRATION_PREFIX}{context.job.id}/voice-{language}.txt"
    voices = bootstrap.voices()
    kept = _find_kept(context.objects, name)
    known = {voice.name for voice in voices.read()}
    if kept and (not known or kept in known):
        return kept
    chosen = voices.choose(language)
    if chosen is None:
        raise VoiceRefused(f"No voice speaks {language}; choose another language.")
    if kept:
        return chosen.name
    # The specification has no content: what another part chose is adopted.
    with context.objects.create(
        Bucket.WORK, name, content_type="text/plain", spec=f"voice-{language}"
    ) as writer:
        writer.write(chosen.name.encode())
    context.log("voice.chosen", voice=chosen.name, language=language)
    return (_find_kept(context.objects, name) if writer.adopted else "") or chosen.name


def _find_kept(objects: ObjectStore, name: str) -> str:
    """Returns the voice that a part of the job chose, or ""."""
    try:
        return _read_kept(objects, name)  # type: ignore[arg-type]  # hashed by its identity
    except _NoVoiceKept:
        return ""


@lru_cache(maxsize=_JOBS)
def _read_kept(objects: ObjectStore, name: str) -> str:
    """Returns the voice that a part of the job chose. It is written once, so that an instance reads
    it once for all parts that it runs. Raises _NoVoiceKept, which is not remembered."""
    data = objects.read_live(Bucket.WORK, name)
    if data is None:
        raise _NoVoiceKept
    return data.decode()
