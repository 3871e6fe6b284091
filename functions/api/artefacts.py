"""A job's results and its history."""

from __future__ import annotations

from functions.api.views import EventList, event_view
from shared.domain.documents import job_path
from shared.http.exchange import Answer, Call
from shared.http.results import LINK_VALID_S, named_result


def get_artefact(call: Call) -> Answer:
    """A redirect to the bytes: these never pass through a function."""
    one = named_result(call.job, call.named["name"])
    return Answer.redirect(
        call.world.objects.sign_download(one, filename=one.name, valid_s=LINK_VALID_S)
    )


def list_events(call: Call) -> Answer:
    """What happened, oldest first."""
    docs = call.world.store.list_under(f"{job_path(call.job.id)}/events")
    told = sorted((event_view(doc) for doc in docs), key=lambda one: one.at)
    return Answer(EventList(events=tuple(told)))
