"""A job's results and its history."""

from __future__ import annotations

from functions.api.views import EventList, event_view, results_of
from shared.domain.documents import job_path
from shared.domain.job import Artefact
from shared.errors import NotFound
from shared.http.exchange import Answer, Call

LINK_VALID_S = 15 * 60


def get_artefact(call: Call) -> Answer:
    """A redirect to the bytes: these never pass through a function."""
    one = own_result(call)
    return Answer.redirect(
        call.world.objects.sign_download(one, filename=one.name, valid_s=LINK_VALID_S)
    )


def own_result(call: Call) -> Artefact:
    """The result that the path names. Raises NotFound."""
    for one in results_of(call.job):
        if one.name == call.named["name"]:
            return one
    raise NotFound("The job has no result of that name.")


def list_events(call: Call) -> Answer:
    """What happened, oldest first."""
    docs = call.world.store.list_under(f"{job_path(call.job.id)}/events")
    told = sorted((event_view(doc) for doc in docs), key=lambda one: one.at)
    return Answer(EventList(events=tuple(told)))
