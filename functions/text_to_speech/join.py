"""The join of text_to_speech: builds the narration of all slides and plans the film."""

from __future__ import annotations

import hashlib

from shared.entrypoints.stage import UnitContext
from shared.jobs.stage import Unit
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import NARRATION_PREFIX, Bucket
from shared.recipes.films.narration import Narration, SlideSpeech
from shared.recipes.results import NarrationResult, SpeechPart
from shared.runtime.results_writer import write_once


def join_narration(context: UnitContext) -> UnitDone:
    """Writes narration.json once, and reports the numbers of cache hits and paid calls."""
    units = [(SpeechPart.from_dict(unit.facts), unit) for unit in context.part_units()]
    units.sort(key=lambda pair: pair[0].slide)
    context.report_progress(0.5)
    narration = Narration(tuple(_slide_speech(part, unit) for part, unit in units))
    content = narration.to_json()
    spec = hashlib.sha256(content).hexdigest()
    name = f"{NARRATION_PREFIX}{context.job.id}/{spec[:12]}.json"
    stored = write_once(
        context.objects, Bucket.WORK, name, content, content_type="application/json", spec=spec
    )
    result = NarrationResult(
        stored,
        round(float(narration.duration), 3),
        hits=sum(part.hits for part, _ in units),
        calls=sum(part.calls for part, _ in units),
        characters=sum(part.characters for part, _ in units),
        voice=next((part.voice for part, _ in units if part.voice), None),
    )
    return UnitDone(facts=result.to_dict(), plan={"stitching": ({"film": "deck"},)})


def _slide_speech(part: SpeechPart, unit: Unit) -> SlideSpeech:
    if not unit.artifacts:
        return SlideSpeech()
    (stored,) = unit.artifacts
    return SlideSpeech(
        object=stored.object,
        generation=stored.generation,
        size_bytes=stored.size_bytes,
        rate_hz=part.rate_hz or 0,
        samples=part.samples or 0,
        sentences=part.sentences,
        content=part.content or "",
    )
