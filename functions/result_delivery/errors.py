"""Errors of deliveries, with messages for the user, who sees them as errors of results."""

from __future__ import annotations

from shared.errors import PermanentError


class ResultMissing(PermanentError):
    """The job has no result of this name."""

    code = "result-missing"


class DeliveryTimeout(PermanentError):
    """The server did not take the file in time."""

    code = "url-timeout"
