"""The routes of jobs and share links."""

from __future__ import annotations

from functions.api import download_links, rate_limit_policies
from functions.api.jobs import (
    artifacts,
    create,
    handlers,
    requests,
    schemas,
    share_links,
    uploads,
)
from functions.api.pagination import PageQuery
from shared.api_keys import Resource
from shared.errors import (
    InvalidOption,
    NotFound,
    SourceExpired,
    StorageFull,
    TooManyJobs,
    UploadDiffers,
    WrongState,
    WrongUpload,
)
from shared.http.problems import LinkExpired, LinkRevoked, UploadMissing
from shared.http.routing import Route
from shared.recipes.emotions.options import ProhibitedPurpose

_JOB = "/v1/jobs/{job_id}"
_UPLOAD = f"{_JOB}/uploads/{{input}}"

_ROUTES = (
    Route(
        "POST", "/v1/jobs", create.create_job,
        "Create a job and get the URLs to upload its inputs to.",
        create.CreatedJob, 201, body=requests.NewJob, idempotent=True,
        policies=(rate_limit_policies.job_creations,), response_links={"job_id": "/job/id"},
        errors=(
            InvalidOption, NotFound, ProhibitedPurpose, SourceExpired, StorageFull,
            TooManyJobs,
        ),
    ),
    Route("GET", "/v1/jobs", handlers.list_jobs, "List your jobs, newest first.",
          handlers.JobPage, query=handlers.JobsQuery),
    Route("GET", _JOB, handlers.get_job, "Get a job with its stages and results.",
          schemas.JobView, query=handlers.JobQuery),
    Route(
        "PATCH", _JOB, handlers.change_job,
        "Change the title, the description, the tags, the metadata or the people of a job.",
        schemas.JobView, body=handlers.JobChange, conditional=True,
    ),
    Route(
        "DELETE", _JOB, handlers.delete_job, "Delete a job with its uploads and results.",
        status=204, allows_deleted=True,
    ),
    Route(
        "POST", f"{_JOB}/cancel", handlers.cancel_job,
        "Cancel a job that has not ended.", schemas.JobView, errors=(WrongState,),
    ),
    Route(
        "POST", f"{_JOB}/redrive", handlers.redrive_job,
        "Resume a failed job, or repeat a failed delivery; finished work is kept.",
        schemas.JobView, policies=(rate_limit_policies.reworks,),
        errors=(WrongState, SourceExpired, StorageFull, TooManyJobs),
    ),
    Route("GET", f"{_JOB}/events", artifacts.list_events, "List the events of a job.",
          schemas.EventList),
    Route(
        "POST", _UPLOAD, uploads.begin_upload,
        "Get a new upload URL for an input, for one request or a resumable session.",
        uploads.UploadGrant, body=uploads.UploadRequest, policies=(rate_limit_policies.uploads,),
        errors=(WrongState, StorageFull),
    ),
    Route(
        "POST", f"{_UPLOAD}/finalize", uploads.finish_upload,
        "Verify an uploaded input: start the job if it has not started, or stop it.",
        uploads.UploadView, body=uploads.UploadCheck, policies=(rate_limit_policies.uploads,),
        errors=(UploadMissing, UploadDiffers, WrongUpload, SourceExpired),
    ),
    Route(
        "GET", f"{_JOB}/artifacts/{{name}}", artifacts.get_artifact,
        "Redirect to a result; the link is valid for 15 minutes.", status=302,
    ),
    Route(
        "GET", f"{_JOB}/artifacts/{{name}}/link", artifacts.get_artifact_link,
        "Get a link to a result for a player or an image; it is valid for 15 minutes.",
        download_links.LinkView, query=download_links.LinkQuery, errors=(SourceExpired,),
    ),
    Route(
        "GET", f"{_UPLOAD}/link", artifacts.get_input_link,
        "Get a link to an uploaded input for a player or an image; it is valid for 15 minutes.",
        download_links.LinkView, query=download_links.LinkQuery, errors=(SourceExpired,),
    ),
)  # fmt: skip
ROUTES = tuple(route.with_group("Jobs", Resource.JOBS) for route in _ROUTES)

_SHARE_ROUTES = (
    Route(
        "POST", f"{_JOB}/shares", share_links.create_share,
        "Create a share link to a result, which works without signing in.",
        share_links.NewShareView, 201, body=share_links.ShareRequest, idempotent=True,
        has_capability=True, policies=(rate_limit_policies.changes,),
        response_links={"share_id": "/id"},
    ),
    Route(
        "GET", "/v1/shares", share_links.list_shares, "List your share links and their use.",
        share_links.SharePage, query=PageQuery,
    ),
    Route(
        "GET", "/v1/share/{token}", share_links.open_share,
        "Redirect to a shared result, without signing in.",
        status=302, sign_in_required=False, errors=(LinkExpired, LinkRevoked),
    ),
    Route("DELETE", "/v1/shares/{share_id}", share_links.revoke_share, "Revoke a share link.",
          status=204),
)  # fmt: skip
SHARE_ROUTES = tuple(route.with_group("Links", Resource.JOBS) for route in _SHARE_ROUTES)
