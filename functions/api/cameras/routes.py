"""The routes of cameras and recordings."""

from __future__ import annotations

from functions.api import download_links, rate_limit_policies
from functions.api.cameras import (
    create_recording,
    handlers,
    recording_schemas,
    recordings,
    schemas,
)
from functions.api.pagination import PageQuery
from shared.api_keys import Resource
from shared.cameras.browser_copy import CopyNotNeeded
from shared.cameras.viewers import TooManyViewers
from shared.cameras.watched import TooManyWatchedCameras
from shared.errors import (
    InvalidOption,
    NotFound,
    SourceExpired,
    StorageFull,
    TooManyJobs,
    WrongState,
)
from shared.http.routing import Route
from shared.recipes.emotions.options import ProhibitedPurpose

_CAMERA = "/v1/cameras/{camera_id}"
_RECORDING = "/v1/recordings/{recording_id}"

_ROUTES = (
    Route(
        "POST", "/v1/cameras", handlers.create_camera,
        "Register a camera, or update the name and password of a registered one.",
        schemas.CameraView, 201, body=schemas.NewCamera, policies=(rate_limit_policies.changes,),
        response_links={"camera_id": "/id"}, errors=(handlers.TooManyCameras,),
    ),
    Route("GET", "/v1/cameras", handlers.list_cameras, "List your cameras.", schemas.CameraList),
    Route("GET", _CAMERA, handlers.get_camera, "Get a camera with its current status.",
          schemas.CameraView),
    Route(
        "DELETE", _CAMERA, handlers.delete_camera, "Delete a camera; its recordings are kept.",
        status=204, errors=(handlers.CameraInUse,),
    ),
    Route(
        "POST", f"{_CAMERA}/preview", handlers.create_preview,
        "Get a preview URL of a camera for an <img>, valid for five minutes.",
        schemas.PreviewView, 201, policies=(rate_limit_policies.changes,),
        errors=(TooManyViewers, TooManyWatchedCameras),
    ),
    Route(
        "POST", "/v1/recordings", create_recording.create_recording,
        "Record a camera; with a recipe, the clip becomes the video of a job.",
        recording_schemas.RecordingView, 201, body=recording_schemas.NewRecording, idempotent=True,
        policies=(rate_limit_policies.changes, rate_limit_policies.job_creations),
        response_links={"recording_id": "/id"},
        errors=(
            InvalidOption, ProhibitedPurpose, StorageFull, TooManyJobs,
            handlers.TooManyCameras, create_recording.TooManyRecordings,
            TooManyWatchedCameras,
        ),
    ),
    Route(
        "GET", "/v1/recordings", recordings.list_recordings,
        "List your recordings, newest first.", recording_schemas.RecordingPage, query=PageQuery,
    ),
    Route("GET", "/v1/recordings/last", recordings.get_last_recording,
          "Get the newest recording that has a clip.", recording_schemas.RecordingView,
          errors=(NotFound,)),
    Route("GET", "/v1/recordings/last/clip", recordings.get_last_clip,
          "Redirect to the clip of the newest recording that has one.", status=302,
          errors=(NotFound, recordings.NotReady)),
    Route("GET", _RECORDING, recordings.get_recording,
          "Get a recording; its figures are live while it runs.", recording_schemas.RecordingView),
    Route("DELETE", _RECORDING, recordings.delete_recording,
          "Delete a recording and its clip, even while it runs.", status=204),
    Route("POST", f"{_RECORDING}/stop", recordings.stop_recording,
          "Stop a recording; 200 with its clip if that is there within 5 s, otherwise 202.",
          recording_schemas.RecordingView, 202, other_statuses=(200,)),
    Route(
        "POST", f"{_RECORDING}/redrive", recordings.redrive_recording,
        "Join a failed recording again; what was recorded is kept until it expires.",
        recording_schemas.RecordingView, 202, policies=(rate_limit_policies.reworks,),
        errors=(WrongState,),
    ),
    Route(
        "GET", f"{_RECORDING}/clip", recordings.get_clip,
        "Redirect to a recording's clip; the link is valid for 15 minutes.", status=302,
        errors=(recordings.NotReady,),
    ),
    Route(
        "GET", f"{_RECORDING}/clip/link", recordings.get_clip_link,
        "Get a link to a recording's clip for a player; it is valid for 15 minutes.",
        download_links.LinkView, query=download_links.LinkQuery,
        errors=(recordings.NotReady, SourceExpired),
    ),
    Route(
        "POST", f"{_RECORDING}/browser-copy", recordings.create_browser_copy,
        "Copy a clip that plays in no browser to H.264; 200 if the copy is there.",
        recording_schemas.RecordingView, 202, other_statuses=(200,),
        policies=(rate_limit_policies.reworks,),
        errors=(recordings.NotReady, CopyNotNeeded, StorageFull),
    ),
    Route(
        "GET", f"{_RECORDING}/browser-copy/link", recordings.get_browser_copy_link,
        "Get a link to a clip's copy for browsers; it is valid for 15 minutes.",
        download_links.LinkView, query=download_links.LinkQuery,
        errors=(recordings.CopyNotReady, SourceExpired),
    ),
)  # fmt: skip
ROUTES = tuple(route.with_group("Cameras", Resource.CAMERAS) for route in _ROUTES)
