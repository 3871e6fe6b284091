"""What is limited, and by how much: rows out of the settings."""

from __future__ import annotations

from functions.api.limits import Policy
from shared.config import Settings


def job_creations(settings: Settings) -> Policy:
    """Of one user."""
    return Policy(
        "jobs",
        settings.jobs_per_minute,
        60,
        f"At most {settings.jobs_per_minute} jobs can be created in a minute.",
    )


def deck_edits(settings: Settings) -> Policy:
    """Of one user. Each may cost a model's answer, a voice and a film; a person who words a deck
    edits more often than they begin a job."""
    most = 4 * settings.jobs_per_minute
    return Policy("edits", most, 60, f"At most {most} edits of decks can be made in a minute.")


def sign_ins_to(settings: Settings) -> Policy:
    """Of one address, whether there is an account or not."""
    return Policy("sign-ins", settings.sign_ins, 300, _WAIT)


def sign_ins_from(settings: Settings) -> Policy:
    """Of one client."""
    return Policy("sign-ins-of-client", settings.sign_ins_of_client, 300, _WAIT)


def renewals_from(settings: Settings) -> Policy:
    """Of sessions, by one client: a network of many people renews more often than it signs in."""
    return Policy("renewals-of-client", 5 * settings.sign_ins_of_client, 300, _WAIT)


def letters_to(settings: Settings) -> Policy:
    """To one address: nobody's letter box is filled by way of us."""
    return Policy("letters", max(1, settings.registrations_of_client // 4), 3600, _LETTERS)


def letters_from(settings: Settings) -> Policy:
    """By one client."""
    return Policy("letters-of-client", settings.registrations_of_client, 3600, _LETTERS)


_WAIT = "Too many attempts to sign in; wait a little before the next one."
_LETTERS = "Too many letters were asked for; wait before you ask for another one."
