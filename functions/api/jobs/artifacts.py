"""A job's results and its history."""

from __future__ import annotations

from functions.api.jobs.schemas import EventList, event_view
from shared.flows.documents import job_path
from shared.http.artifacts import LINK_VALID_S, find_result
from shared.http.request import ApiRequest, ApiResponse


def get_artifact(request: ApiRequest) -> ApiResponse:
    """A redirect to the bytes: these never pass through a function."""
    one = find_result(request.job, request.path_params["name"])
    return ApiResponse.redirect(
        request.services.objects.sign_download(one, filename=one.name, valid_s=LINK_VALID_S)
    )


def list_events(request: ApiRequest) -> ApiResponse:
    """What happened, oldest first."""
    docs = request.services.store.list_documents(f"{job_path(request.job.id)}/events")
    told = sorted((event_view(doc) for doc in docs), key=lambda one: one.at)
    return ApiResponse(EventList(events=tuple(told)))
