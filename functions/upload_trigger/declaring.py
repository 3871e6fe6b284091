"""passport.json: what was found in a video, kept with the job for whoever takes its results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from shared.domain.job import JobInput
from shared.domain.passport import PASSPORT_NAME, Passport, file_facts
from shared.domain.stored_object import Artefact, StoredObject
from shared.results_writer import ResultsWriter
from shared.stage import Task

SCHEMA = "moodreel.passport/1"


def declare(
    task: Task, declared: JobInput, there: StoredObject, found: Mapping[str, Any]
) -> Artefact:
    """Write the passport once; what is the same is found there by a later attempt."""
    told = document(declared, there, Passport.from_dict(found))
    spec = hashlib.sha256(told).hexdigest()
    results = ResultsWriter(task.objects, task.job.id, spec)
    return results.write(PASSPORT_NAME, "passport", "application/json", told)


def document(declared: JobInput, there: StoredObject, passport: Passport) -> bytes:
    """passport.json. Exact values are strings ("30000/1001"); beside them stand decimals."""
    video, facts = passport.video, passport.to_dict()
    width, height = video.shown_size
    told = {
        "schema": SCHEMA,
        "file": file_facts(noted(declared, there)) | {"declared_type": declared.content_type},
        "container": passport.container,
        "shown": {
            "width": width,
            "height": height,
            "duration_s": _decimal(passport.duration),
            "first_picture_s": _decimal(passport.first_pts.seconds),
            "pictures_per_s": _decimal(video.avg_rate),
            "keyframe_interval_s": _decimal(video.keyframe_interval_s),
        },
        "video": facts["video"],
        "streams": facts["streams"],
        "duration": facts["duration"],
        "random_access": passport.random_access,
        "timestamps_reliable": passport.timestamps_reliable,
        "repairs": facts["repairs"],
        "warnings": facts["warnings"],
    }
    return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"


def noted(declared: JobInput, there: StoredObject) -> dict[str, Any]:
    """Which version of which object it was, and what a person calls it."""
    return {
        "filename": declared.filename,
        "object": there.name,
        "generation": there.generation,
        "size_bytes": there.size_bytes,
        "crc32c": there.crc32c,
    }


def _decimal(value: Any) -> float | None:
    return None if value is None else round(float(value), 6)
