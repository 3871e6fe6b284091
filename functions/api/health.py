"""Whether the API answers."""

from __future__ import annotations

from typing import Literal

from shared.http.request import Answer, Call
from shared.http.schemas import Told


class Health(Told):
    """It does."""

    status: Literal["ok"] = "ok"


def health(_call: Call) -> Answer:
    """Asks no neighbour: a ledger that is away is not mended by starting us again."""
    return Answer(Health())


def healthz(call: Call) -> Answer:
    """The same under the name that probes look for."""
    return health(call)
