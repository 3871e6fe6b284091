"""Recognizes the speech of a video or a sound; writes it as captions and as a transcript."""

from shared.entrypoints.stage import UnitContext, stage
from shared.jobs.units.outcomes import UnitDone


def _part(context: UnitContext) -> UnitDone:
    # PyAV and NumPy are imported with the first unit: see infra/README.md, cold starts.
    from functions.speech_recognition.part import recognize_window

    return recognize_window(context)


def _join(context: UnitContext) -> UnitDone:
    from functions.speech_recognition.join import write_transcript

    return write_transcript(context)


main = stage("speech_recognition", part=_part, join=_join)
