"""media-info.json: the properties of the uploaded video, stored as a result of the job."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from shared.entrypoints.stage import UnitContext
from shared.jobs.model import JobInput
from shared.recipes.media_info import MEDIA_INFO_NAME
from shared.recipes.stored_object import Artifact
from shared.recipes.upload_results import Upload
from shared.runtime.results_writer import ResultsWriter

SCHEMA = "moodreel.media-info/1"


def write_media_info(context: UnitContext, job_input: JobInput, upload: Upload) -> Artifact:
    """Writes media-info.json once. A later attempt adopts an object with the same content."""
    content = render_media_info(job_input, upload)
    spec = hashlib.sha256(content).hexdigest()
    results = ResultsWriter(context.objects, context.job.id, spec)
    return results.write(MEDIA_INFO_NAME, "media_info", "application/json", content)


def render_media_info(job_input: JobInput, upload: Upload) -> bytes:
    """Returns media-info.json. Exact values are strings ("30000/1001"); `shown` has decimals."""
    media_info = upload.media_info
    video, facts = media_info.video, media_info.to_dict()
    width, height = video.display_size
    document = {
        "schema": SCHEMA,
        "file": upload.file_info | {"declared_type": job_input.content_type},
        "container": media_info.container,
        "shown": {
            "width": width,
            "height": height,
            "duration_s": _decimal(media_info.duration),
            "first_picture_s": _decimal(media_info.first_pts.seconds),
            "pictures_per_s": _decimal(video.avg_rate),
            "keyframe_interval_s": _decimal(video.keyframe_interval_s),
        },
        "video": facts["video"],
        "streams": facts["streams"],
        "duration": facts["duration"],
        "random_access": media_info.random_access,
        "timestamps_reliable": media_info.timestamps_reliable,
        "repairs": facts["repairs"],
        "warnings": facts["warnings"],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def _decimal(value: Any) -> float | None:
    return None if value is None else round(float(value), 6)
