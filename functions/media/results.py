"""Whose result is asked for: the caller's own, or one that a link leads to."""

from __future__ import annotations

from shared.domain.clips import Recording, recording_path
from shared.domain.documents import Increment, Update, job_path
from shared.domain.job import Artefact, Job, Status
from shared.domain.sharing import share_path
from shared.errors import NotFound
from shared.http.exchange import Call
from shared.http.problems import LinkExpired, LinkRevoked

_GONE = "There is no such link."


def own_result(call: Call) -> Artefact:
    """The result that the path names. Raises NotFound."""
    for one in call.job.results:
        if one.name == call.named["name"]:
            return one
    raise NotFound("The job has no result of that name.")


def own_clip(call: Call) -> Artefact:
    """The clip of the caller's recording that the path names. Raises NotFound."""
    (doc,) = call.world.store.read([recording_path(call.named["recording_id"])])
    film = None
    if doc is not None and doc.data["owner"] == call.user.uid:
        film = Recording.from_doc(doc).film
    if film is None:
        raise NotFound("There is no such recording, or it has no clip yet.")
    return film


def shared_result(call: Call) -> Artefact:
    """The result of the link that the path names. Raises NotFound, LinkExpired, LinkRevoked."""
    (share,) = call.world.store.read([share_path(call.named["token"])])
    if share is None:
        raise NotFound(_GONE)
    if share.data["revoked"]:
        raise LinkRevoked
    if share.data["expires_at"] <= call.world.clock.now():
        raise LinkExpired
    (doc,) = call.world.store.read([job_path(share.data["job"])])
    if doc is None or doc.data["status"] == Status.DELETED:
        raise NotFound(_GONE)
    for one in Job.from_doc(doc).results:
        if one.name == share.data["artefact"]:
            return one
    raise NotFound(_GONE)


def count_use(call: Call) -> None:
    """One more use of the link that the path names."""
    used = {"uses": Increment(1), "last_used_at": call.world.clock.now()}
    call.world.store.commit([Update(share_path(call.named["token"]), used)])
