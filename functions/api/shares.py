"""Links for people without a sign-in: who has the link gets the result, until it is withdrawn."""

from __future__ import annotations

from functions.api.artefacts import LINK_VALID_S
from functions.api.views import results_of
from shared.domain.documents import Committed, Doc, Increment, Update, job_path
from shared.domain.job import Job, Status
from shared.domain.sharing import share_path
from shared.errors import NotFound
from shared.http.exchange import Answer, Call
from shared.http.problems import LinkExpired, LinkRevoked

_GONE = "There is no such link."


def open_share(call: Call) -> Answer:
    """Count the use and redirect to the bytes. Raises NotFound, LinkExpired, LinkRevoked."""
    share = _share(call)
    if share.data["revoked"]:
        raise LinkRevoked
    if share.data["expires_at"] <= call.world.clock.now():
        raise LinkExpired
    (doc,) = call.world.store.read([job_path(share.data["job"])])
    if doc is None or doc.data["status"] == Status.DELETED:
        raise NotFound(_GONE)
    wanted = share.data["artefact"]
    result = next((one for one in results_of(Job.from_doc(doc)) if one.name == wanted), None)
    if result is None:
        raise NotFound(_GONE)
    url = call.world.objects.sign_download(result, filename=result.name, valid_s=LINK_VALID_S)
    if not call.head:
        call.world.store.commit([Update(share.path, {"uses": Increment(1)})])
    return Answer.redirect(url)


def revoke_share(call: Call) -> Answer:
    """Withdraw a link of the caller's; again is no error."""
    share = _share(call)
    if share.data["owner"] != call.user.uid:
        raise NotFound(_GONE)
    if call.world.store.commit([Update(share.path, {"revoked": True})]) is not Committed.OK:
        raise NotFound(_GONE)
    return Answer()


def _share(call: Call) -> Doc:
    (share,) = call.world.store.read([share_path(call.named["token"])])
    if share is None:
        raise NotFound(_GONE)
    return share
