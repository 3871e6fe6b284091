"""What is limited, and by how much: rows out of the settings."""

from __future__ import annotations

from functions.api.rate_limits import Policy
from shared.runtime.settings import Settings


def job_creations(settings: Settings) -> Policy:
    """Of one user."""
    return Policy(
        "jobs",
        settings.jobs_per_minute,
        60,
        f"At most {settings.jobs_per_minute} jobs can be created in a minute.",
    )


def reworks(settings: Settings) -> Policy:
    """Of one user: what has a job that is there worked on again, with calls of models."""
    return Policy(
        "reworks",
        settings.reworks_per_minute,
        60,
        f"Jobs can be taken up again or edited at most {settings.reworks_per_minute} times a "
        "minute.",
    )


def changes(settings: Settings) -> Policy:
    """Of one user: what leaves a document behind, an errand or a call to somebody's server."""
    return Policy(
        "changes",
        settings.changes_per_minute,
        60,
        f"At most {settings.changes_per_minute} links, recordings, previews, webhooks, tests, "
        "exports and erasures can be asked for in a minute.",
    )


def sign_ins_to(settings: Settings) -> Policy:
    """Of one address, whether there is an account or not."""
    return Policy("sign-ins", settings.sign_ins_per_address, 300, _WAIT)


def sign_ins_from(settings: Settings) -> Policy:
    """Of one client."""
    return Policy("sign-ins-of-client", settings.sign_ins_per_client, 300, _WAIT)


def refreshes_from(settings: Settings) -> Policy:
    """Of sessions, by one client: a network of many people renews more often than it signs in."""
    return Policy("refreshes-of-client", 5 * settings.sign_ins_per_client, 300, _WAIT)


def emails_to(settings: Settings) -> Policy:
    """To one address: nobody's letter box is filled by way of us."""
    return Policy("emails", max(1, settings.registrations_per_client // 4), 3600, _LETTERS)


def emails_from(settings: Settings) -> Policy:
    """By one client."""
    return Policy("emails-of-client", settings.registrations_per_client, 3600, _LETTERS)


_WAIT = "Too many attempts to sign in; wait a little before the next one."
_LETTERS = "Too many letters were asked for; wait before you ask for another one."
