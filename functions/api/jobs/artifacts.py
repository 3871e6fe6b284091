"""The results, uploaded inputs and events of a job."""

from __future__ import annotations

from functions.api.download_links import sign_link
from functions.api.jobs.schemas import EventList, event_view
from shared.errors import NotFound
from shared.http.artifacts import find_artifact, redirect_to
from shared.http.request import ApiRequest, ApiResponse
from shared.jobs.history import history_order
from shared.jobs.queries import events_of
from shared.recipes.stored_object import Artifact
from shared.recipes.upload_results import Uploads


def get_artifact(request: ApiRequest) -> ApiResponse:
    """Redirects to Cloud Storage, which serves the bytes."""
    return redirect_to(request, find_artifact(request.job, request.path_params["name"]))


def get_artifact_link(request: ApiRequest) -> ApiResponse:
    """Returns a link to a result.

    Raises NotFound, SourceExpired.
    """
    return sign_link(request, find_artifact(request.job, request.path_params["name"]))


def get_input_link(request: ApiRequest) -> ApiResponse:
    """Returns a link to an uploaded input that was read and accepted.

    Raises NotFound, SourceExpired.
    """
    return sign_link(request, _input_artifact(request))


def list_events(request: ApiRequest) -> ApiResponse:
    """Lists the events of a job, oldest first."""
    docs = request.services.store.run_query(events_of(request.job.id))
    events = sorted(docs, key=lambda doc: history_order(doc.data))
    return ApiResponse(EventList(events=tuple(map(event_view, events))))


def _input_artifact(request: ApiRequest) -> Artifact:
    """Returns the upload named in the path, in the version that was read and accepted. Raises
    NotFound."""
    uploads = Uploads.find(request.job.facts)
    upload = None if uploads is None else uploads.inputs.get(request.path_params["input"])
    if upload is None:
        raise NotFound("The job has no such upload, or the upload has not been checked yet.")
    return upload.stored_object.to_artifact(upload.filename, "upload")
