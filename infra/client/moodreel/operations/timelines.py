"""The times of a job's results as a pandas DataFrame."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moodreel.api import Api
from moodreel.errors import MoodreelError
from moodreel.flow import Flow
from moodreel.models import ArtifactView, JobView
from moodreel.operations.downloads import read_file

if TYPE_CHECKING:
    import pandas as pd

_TYPES = ("text/csv", "application/json")
_KINDS = ("table", "transcript")
"""The kinds of results that have times, in the order in which they are looked for."""


def import_pandas() -> Any:
    """Returns pandas. Raises ImportError with a hint."""
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError("timeline() needs pandas: pip install 'moodreel[pandas]'") from error
    return pd


def read_table(api: Api, job: JobView, folder: Path) -> Flow[tuple[str, bytes]]:
    """Returns the content type and the bytes of the result that has times.

    Raises:
        MoodreelError: The job has no such result.
    """
    artifact = _find_artifact(job)
    content = yield from read_file(api, artifact.url, artifact.name, folder)
    return artifact.content_type, content


def parse_table(content_type: str, content: bytes) -> pd.DataFrame:
    """Returns a CSV file, or the words of a transcript, as a table."""
    pd = import_pandas()
    if content_type.startswith("text/csv"):
        return pd.read_csv(io.BytesIO(content))
    segments = json.loads(content)["segments"]
    return pd.DataFrame([word for segment in segments for word in segment["words"]])


def _find_artifact(job: JobView) -> ArtifactView:
    for kind in _KINDS:
        for artifact in job.artifacts:
            is_readable = artifact.content_type.partition(";")[0] in _TYPES
            if artifact.kind == kind and is_readable:
                return artifact
    raise MoodreelError(f"A job of {job.recipe} with the status {job.status} has no timeline.")
