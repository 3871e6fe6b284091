"""Signed download links in JSON, for web pages.

`<video>`, `<img>` and range readers send no Authorization header, and a script cannot read the
target of a redirect.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from shared.errors import SourceExpired
from shared.http.artifacts import LINK_VALID_S, find_filename
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import QueryModel, ResponseModel, Timestamp
from shared.net.content_disposition import is_inline_type
from shared.pipeline import Bucket
from shared.recipes.stored_object import Artifact


class LinkQuery(QueryModel):
    """Whether the browser shows the file (`inline`) or saves it (`attachment`)."""

    disposition: Literal["inline", "attachment"] = "inline"


class LinkView(ResponseModel):
    """A signed link. `url` serves this version of the file, whole or in ranges, to anyone who has
    it, until `expires_at`."""

    url: str
    expires_at: Timestamp
    filename: str
    content_type: str
    size_bytes: int


def sign_link(request: ApiRequest, artifact: Artifact) -> ApiResponse:
    """Returns a signed link to an artifact. Raises SourceExpired."""
    stored = request.services.objects.stat(Bucket(artifact.bucket), artifact.object)
    if stored is None or stored.generation != artifact.generation:
        raise SourceExpired("The file is no longer there.")
    inline = request.query(LinkQuery).disposition == "inline"
    expires_at = request.services.clock.now() + timedelta(seconds=LINK_VALID_S)
    filename = find_filename(request, artifact)
    url = request.services.objects.sign_download(
        artifact,
        filename=filename,
        valid_s=LINK_VALID_S,
        inline=inline and is_inline_type(stored.content_type),
    )
    return ApiResponse(
        LinkView(
            url=url,
            expires_at=expires_at,
            filename=filename,
            content_type=stored.content_type,
            size_bytes=stored.size_bytes,
        )
    )
