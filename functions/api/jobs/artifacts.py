"""A job's results and its history."""

from __future__ import annotations

from functions.api.jobs.schemas import EventList, event_view
from shared.flows.documents import job_path
from shared.http.artifacts import LINK_VALID_S, named_result
from shared.http.request import Answer, Call


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
