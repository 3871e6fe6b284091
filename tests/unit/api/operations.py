"""Operations of no use but to show what the frame does around them."""

from __future__ import annotations

from typing import Any

from shared.errors import (
    InvalidOption,
    LedgerUnavailable,
    NotAvailableYet,
    SourceExpired,
    StorageUnavailable,
    WrongState,
)
from shared.http.exchange import Answer, Call
from shared.http.forms import Form, Query, Told
from shared.http.problems import LinkExpired
from shared.http.routing import Route


class Wish(Form):
    name: str
    size: int = 1


class Page(Query):
    limit: int = 5


class Echo(Told):
    text: str


def _wish(call: Call) -> Answer:
    wish = call.body(Wish)
    return Answer(Echo(text=f"{call.user.uid} wants {wish.size} {wish.name}"))


def _page(call: Call) -> Answer:
    return Answer(Echo(text=str(call.query(Page).limit)))


def _job(call: Call) -> Answer:
    return Answer(Echo(text=call.job.title))


def _failing(fault: Exception) -> Any:
    def handler(_: Call) -> Answer:
        raise fault

    return handler


FAULTS = {
    "/option": InvalidOption("every is too short."),
    "/state": WrongState("It is over."),
    "/later": NotAvailableYet(),
    "/expired": SourceExpired(),
    "/link": LinkExpired(),
    "/store": StorageUnavailable("The object store refuses: key of secret-account@p is gone"),
    "/ledger": LedgerUnavailable(),
    "/bug": RuntimeError("password=hunter2"),
}
ROUTES = (
    Route("POST", "/wishes", _wish, "Wish.", Echo, body=Wish),
    Route("GET", "/wishes", _page, "Look.", Echo, query=Page),
    Route("GET", "/open", _page, "Look.", Echo, query=Page, signed_in=False),
    Route("POST", "/v1/jobs/{job_id}", _wish, "Wish for a job.", Echo, body=Wish),
    Route("GET", "/v1/jobs/{job_id}", _job, "A job.", Echo),
    *(
        Route("GET", path, _failing(fault), "Fail.", signed_in=False)
        for path, fault in FAULTS.items()
    ),
)
