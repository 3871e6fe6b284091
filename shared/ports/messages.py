"""The message publisher."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from shared.flows.envelope import Envelope


class Publisher(Protocol):
    """Publishes envelopes to the topics of their functions."""

    def publish(self, envelopes: Iterable[Envelope]) -> None:
        """Returns when all are accepted. Raises TopicUnavailable."""
        ...
