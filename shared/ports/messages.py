"""Messages to the topics of stages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from shared.flows.envelope import Envelope


class Publisher(Protocol):
    """Envelopes to the topics of their stages; returns when all are accepted."""

    def publish(self, envelopes: Iterable[Envelope]) -> None: ...
