"""Links for pages: `<video>`, `<img>` and readers of ranges send no Authorization of their own, and
a script cannot read where a redirect leads."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from functions.api.cameras.recordings import own_clip
from functions.api.privacy.handlers import own_part
from shared.errors import NotFound, SourceExpired
from shared.http.artifacts import LINK_VALID_S, named_result
from shared.http.request import Answer, Call
from shared.http.schemas import Moment, Query, Told
from shared.net.content_disposition import may_be_shown
from shared.pipeline import Bucket
from shared.recipes.stored_object import Artefact
from shared.recipes.upload_results import Uploads


class LinkQuery(Query):
    """How the bytes shall come: shown by the page, or saved."""

    disposition: Literal["inline", "attachment"] = "inline"


class LinkView(Told):
    """Whoever has `url` reads these very bytes, whole or in ranges, until `expires_at`."""

    url: str
    expires_at: Moment
    filename: str
    content_type: str
    size_bytes: int


def get_link(call: Call) -> Answer:
    """A link to a result. Raises NotFound, SourceExpired."""
    return _linked(call, named_result(call.job, call.named["name"]))


def get_input_link(call: Call) -> Answer:
    """A link to what was uploaded. Raises NotFound, SourceExpired."""
    return _linked(call, _own_upload(call))


def get_export_part_link(call: Call) -> Answer:
    """A link to a part of a copy. Raises NotFound, SourceExpired."""
    return _linked(call, own_part(call))


def get_clip_link(call: Call) -> Answer:
    """A link to a recording's clip. Raises NotFound, NotReady, SourceExpired."""
    return _linked(call, own_clip(call))


def _own_upload(call: Call) -> Artefact:
    """The upload that the path names, in the version that was read and found good."""
    uploads = Uploads.find(call.job.facts)
    upload = None if uploads is None else uploads.inputs.get(call.named["input"])
    if upload is None:
        raise NotFound("The job has no such upload, or it was not read yet.")
    return upload.stored.artefact(upload.filename, "upload")


def _linked(call: Call, one: Artefact) -> Answer:
    stored = call.world.objects.stat(Bucket(one.bucket), one.object)
    if stored is None or stored.generation != one.generation:
        raise SourceExpired("The file is no longer there.")
    wished = call.query(LinkQuery).disposition == "inline"
    until = call.world.clock.now() + timedelta(seconds=LINK_VALID_S)
    url = call.world.objects.sign_download(
        one,
        filename=one.name,
        valid_s=LINK_VALID_S,
        inline=wished and may_be_shown(stored.content_type),
    )
    return Answer(
        LinkView(
            url=url,
            expires_at=until,
            filename=one.name,
            content_type=stored.content_type,
            size_bytes=stored.size_bytes,
        )
    )
