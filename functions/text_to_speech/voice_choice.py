"""The voice of a job whose user names none: chosen once per language, and kept for the job."""

from __future__ import annotations

from shared.entrypoints import bootstrap
from shared.entrypoints.stage import UnitContext
from shared.pipeline import NARRATION_PREFIX, Bucket
from shared.ports.models import VoiceRefused
from shared.runtime.results_writer import read_object, write_once


def choose_voice(context: UnitContext, language: str) -> str:
    """Returns the name of the voice that speaks `language` in this job.

    The first part that runs chooses it and writes its name beside the narration of the job. Other
    parts, retries and edited decks read it, so that the list of voices and the operator's
    preference may change meanwhile. A voice that the service has no more is chosen anew.

    Raises VoiceRefused when no voice speaks the language, and the errors of the list of voices.
    """
    name = f"{NARRATION_PREFIX}{context.job.id}/voice-{language}.txt"
    stored = context.objects.stat(Bucket.WORK, name)
    voices = bootstrap.voices()
    if stored is not None:
        kept = read_object(context.objects, stored).decode()
        known = {voice.name for voice in voices.read()}
        if not known or kept in known:
            return kept
    chosen = voices.choose(language)
    if chosen is None:
        raise VoiceRefused(f"No voice speaks {language}; choose another language.")
    if stored is not None:
        return chosen.name
    # The specification has no content: what another part chose is adopted.
    stored = write_once(
        context.objects,
        Bucket.WORK,
        name,
        chosen.name.encode(),
        content_type="text/plain",
        spec=f"voice-{language}",
    )
    context.log("voice.chosen", voice=chosen.name, language=language)
    return read_object(context.objects, stored).decode()
