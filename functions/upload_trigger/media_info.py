"""passport.json: what was found in a video, kept with the job for whoever takes its results."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from shared.entrypoints.stage import Task
from shared.jobs.model import JobInput
from shared.recipes.media_info import PASSPORT_NAME
from shared.recipes.stored_object import Artefact
from shared.recipes.upload_results import Upload
from shared.runtime.results_writer import ResultsWriter

SCHEMA = "moodreel.passport/1"


def declare(task: Task, declared: JobInput, upload: Upload) -> Artefact:
    """Write the passport once; what is the same is found there by a later attempt."""
    told = document(declared, upload)
    spec = hashlib.sha256(told).hexdigest()
    results = ResultsWriter(task.objects, task.job.id, spec)
    return results.write(PASSPORT_NAME, "passport", "application/json", told)


def document(declared: JobInput, upload: Upload) -> bytes:
    """passport.json. Exact values are strings ("30000/1001"); beside them stand decimals."""
    passport = upload.passport
    video, facts = passport.video, passport.to_dict()
    width, height = video.shown_size
    told = {
        "schema": SCHEMA,
        "file": upload.file | {"declared_type": declared.content_type},
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


def _decimal(value: Any) -> float | None:
    return None if value is None else round(float(value), 6)
