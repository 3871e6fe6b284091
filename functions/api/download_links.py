"""Links for pages: `<video>`, `<img>` and readers of ranges send no Authorization of their own, and
a script cannot read where a redirect leads."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from functions.api.cameras.recordings import find_clip
from functions.api.privacy.handlers import find_export_part
from shared.errors import NotFound, SourceExpired
from shared.http.artifacts import LINK_VALID_S, find_result
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import QueryModel, ResponseModel, Timestamp
from shared.net.content_disposition import is_inline_type
from shared.pipeline import Bucket
from shared.recipes.stored_object import Artifact
from shared.recipes.upload_results import Uploads


class LinkQuery(QueryModel):
    """How the bytes shall come: shown by the page, or saved."""

    disposition: Literal["inline", "attachment"] = "inline"


class LinkView(ResponseModel):
    """Whoever has `url` reads these very bytes, whole or in ranges, until `expires_at`."""

    url: str
    expires_at: Timestamp
    filename: str
    content_type: str
    size_bytes: int


def get_artifact_link(request: ApiRequest) -> ApiResponse:
    """A link to a result. Raises NotFound, SourceExpired."""
    return _linked(request, find_result(request.job, request.path_params["name"]))


def get_input_link(request: ApiRequest) -> ApiResponse:
    """A link to what was uploaded. Raises NotFound, SourceExpired."""
    return _linked(request, _own_upload(request))


def get_export_part_link(request: ApiRequest) -> ApiResponse:
    """A link to a part of a copy. Raises NotFound, SourceExpired."""
    return _linked(request, find_export_part(request))


def get_clip_link(request: ApiRequest) -> ApiResponse:
    """A link to a recording's clip. Raises NotFound, NotReady, SourceExpired."""
    return _linked(request, find_clip(request))


def _own_upload(request: ApiRequest) -> Artifact:
    """The upload that the path names, in the version that was read and found good."""
    uploads = Uploads.find(request.job.facts)
    upload = None if uploads is None else uploads.inputs.get(request.path_params["input"])
    if upload is None:
        raise NotFound("The job has no such upload, or it was not read yet.")
    return upload.stored_object.to_artifact(upload.filename, "upload")


def _linked(request: ApiRequest, one: Artifact) -> ApiResponse:
    stored = request.services.objects.stat(Bucket(one.bucket), one.object)
    if stored is None or stored.generation != one.generation:
        raise SourceExpired("The file is no longer there.")
    wished = request.query(LinkQuery).disposition == "inline"
    until = request.services.clock.now() + timedelta(seconds=LINK_VALID_S)
    url = request.services.objects.sign_download(
        one,
        filename=one.name,
        valid_s=LINK_VALID_S,
        inline=wished and is_inline_type(stored.content_type),
    )
    return ApiResponse(
        LinkView(
            url=url,
            expires_at=until,
            filename=one.name,
            content_type=stored.content_type,
            size_bytes=stored.size_bytes,
        )
    )
