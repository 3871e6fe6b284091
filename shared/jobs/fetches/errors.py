"""Errors of fetches, with messages for the user, who sees them as errors of the job."""

from __future__ import annotations

from shared.errors import PermanentError


class FetchTooLarge(PermanentError):
    """The file at the URL is larger than the input may be."""

    code = "url-too-large"


class SourceChanged(PermanentError):
    """The file at the URL changed several times while it was fetched."""

    code = "url-changed"


class NotResumable(PermanentError):
    """The server cannot continue an interrupted download, and its connections broke off."""

    code = "url-not-resumable"


class FetchTimeout(PermanentError):
    """The file at the URL did not arrive in time."""

    code = "url-timeout"


class FetchStopped(Exception):
    """The job was cancelled or deleted, or takes another file."""
