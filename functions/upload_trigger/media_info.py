"""media-info.json: the properties of the uploaded video, stored as a result of the job."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from shared.entrypoints.stage import UnitContext
from shared.jobs.model import JobInput
from shared.recipes.media_info import MEDIA_INFO_NAME, MEDIA_INFO_SCHEMA, MediaInfo
from shared.recipes.stored_object import Artifact, StoredObject
from shared.recipes.upload_results import Upload
from shared.runtime.results_writer import ResultsWriter, read_object

SCHEMA = "moodreel.media-info/1"
MEDIA_INFO_VERSION = 2
"""Increase when the same upload is described differently, so that older objects are not adopted."""
_FACTS = (
    "container", "duration", "video", "audio_codecs", "stream_count", "streams", "random_access",
    "timestamps_reliable", "repairs", "warnings", "discontinuities", "seek_points",
    "joined_at",
)  # fmt: skip
"""The fields of MediaInfo that media-info.json contains unchanged."""


def find_media_info(
    context: UnitContext, job_input: JobInput, stored: StoredObject
) -> MediaInfo | None:
    """Returns the description of an upload that an earlier attempt wrote, or None."""
    artifact = _results(context, job_input, stored).find(MEDIA_INFO_NAME, "media_info")
    if artifact is None:
        return None
    document = json.loads(read_object(context.objects, artifact.stored_object))
    facts = {name: document[name] for name in _FACTS}
    size_bytes = document["file"]["size_bytes"]
    return MediaInfo.from_dict({"schema": MEDIA_INFO_SCHEMA, "size_bytes": size_bytes, **facts})


def write_media_info(context: UnitContext, job_input: JobInput, upload: Upload) -> Artifact:
    """Writes media-info.json once. A later attempt adopts an object of the same upload."""
    return _results(context, job_input, upload.stored_object).write(
        MEDIA_INFO_NAME,
        "media_info",
        "application/json",
        lambda: render_media_info(job_input, upload),
    )


def _results(context: UnitContext, job_input: JobInput, stored: StoredObject) -> ResultsWriter:
    """Returns the writer for the results of an upload."""
    content = [
        MEDIA_INFO_VERSION, stored.name, stored.generation, job_input.filename,
        job_input.content_type,
    ]  # fmt: skip
    key = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return ResultsWriter(context.objects, context.job.id, key)


def render_media_info(job_input: JobInput, upload: Upload) -> bytes:
    """Returns media-info.json. Exact values are strings ("30000/1001"); `shown` has decimals."""
    media_info = upload.media_info
    video, facts = media_info.video, media_info.to_dict()
    width, height = video.display_size
    document = {
        "schema": SCHEMA,
        "file": upload.file_info | {"declared_type": job_input.content_type},
        "shown": {
            "width": width,
            "height": height,
            "duration_s": _decimal(media_info.duration),
            "first_picture_s": _decimal(media_info.first_pts.seconds),
            "pictures_per_s": _decimal(video.avg_rate),
            "keyframe_interval_s": _decimal(video.keyframe_interval_s),
        },
        **{name: facts[name] for name in _FACTS},
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def _decimal(value: Any) -> float | None:
    return None if value is None else round(float(value), 6)
