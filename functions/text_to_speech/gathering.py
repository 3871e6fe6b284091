"""The join of text_to_speech: the slides' speech becomes one narration, and a film is planned."""

from __future__ import annotations

import hashlib

from shared.domain.effects import Finished
from shared.domain.job import Unit
from shared.domain.narration import Narration, SlideSpeech, SpokenSentence
from shared.domain.pipeline import NARRATION_PREFIX, Bucket
from shared.results_writer import write_once
from shared.stage import Task


def gather(task: Task) -> Finished:
    """Write narration.json once; say what was spoken anew and what was found."""
    units = sorted(task.part_units(), key=lambda unit: int(unit.facts["slide"]))
    narration = Narration(tuple(_speech(unit) for unit in units))
    content = narration.to_json()
    spec = hashlib.sha256(content).hexdigest()
    name = f"{NARRATION_PREFIX}{task.job.id}/{spec[:12]}.json"
    stored = write_once(
        task.objects, Bucket.WORK, name, content, content_type="application/json", spec=spec
    )
    facts = {
        "narration": stored.to_dict(),
        "spoken_s": round(float(narration.duration), 3),
        **{key: sum(unit.facts[key] for unit in units) for key in ("hits", "calls", "characters")},
    }
    return Finished(facts=facts, plan={"stitching": ({"film": "deck"},)})


def _speech(unit: Unit) -> SlideSpeech:
    if not unit.artefacts:
        return SlideSpeech()
    (stored,) = unit.artefacts
    facts = unit.facts
    return SlideSpeech(
        object=stored.object,
        generation=stored.generation,
        size_bytes=stored.size_bytes,
        rate_hz=int(facts["rate_hz"]),
        samples=int(facts["samples"]),
        sentences=tuple(
            SpokenSentence(str(one["text"]), int(one["start"]), int(one["end"]))
            for one in facts["sentences"]
        ),
    )
