"""The rate limit policies of single routes, built from the settings.

`shared.http.limits.policies` has those of all routes.
"""

from __future__ import annotations

from shared.http.limits.policies import batch_size
from shared.http.limits.policy import Policy
from shared.runtime.settings import Settings


def job_creations(settings: Settings) -> Policy:
    """Job creations of a user."""
    return Policy(
        "jobs",
        settings.jobs_per_minute,
        60,
        f"At most {settings.jobs_per_minute} jobs can be created in a minute.",
    )


def reworks(settings: Settings) -> Policy:
    """Redrives, deck edits and releases of a user, which run an existing job again and call
    models."""
    return Policy(
        "reworks",
        settings.reworks_per_minute,
        60,
        f"Jobs can be redriven, edited or released at most {settings.reworks_per_minute} times a "
        "minute.",
    )


def uploads(settings: Settings) -> Policy:
    """Upload URLs of a user, which sign a request and may declare another file, and checks of
    uploads, which may announce the job again."""
    return Policy(
        "uploads",
        settings.uploads_per_minute,
        60,
        f"Uploads can be requested or checked at most {settings.uploads_per_minute} times a "
        "minute.",
    )


def voice_samples(settings: Settings) -> Policy:
    """Samples of voices that a user requests, each of which may call Text-to-Speech."""
    return Policy(
        "voice-samples",
        settings.changes_per_minute,
        60,
        f"At most {settings.changes_per_minute} samples of voices can be requested in a minute.",
    )


def changes(settings: Settings) -> Policy:
    """Other requests of a user that create a document, a task or a call to an external server."""
    return Policy(
        "changes",
        settings.changes_per_minute,
        60,
        f"At most {settings.changes_per_minute} links, API keys, webhooks, tests, replays, "
        "buckets, cameras, previews, recordings, exports and erasures can be requested "
        "in a minute.",
    )


def sign_ins_to(settings: Settings) -> Policy:
    """Sign-in attempts for an email address, whether or not it has an account."""
    return Policy("sign-ins", settings.sign_ins_per_address, 300, _SIGN_IN_MESSAGE, anonymous=True)


def sign_ins_from(settings: Settings) -> Policy:
    """Sign-in attempts from a client."""
    quota = settings.sign_ins_per_client
    return Policy(
        "sign-ins-of-client",
        quota,
        300,
        _SIGN_IN_MESSAGE,
        batch_size(quota, settings, functions=1),
        anonymous=True,
    )


def refreshes_from(settings: Settings) -> Policy:
    """Session refreshes from a client. The quota is higher than for sign-ins, because many users
    behind one address refresh more often than they sign in."""
    quota = 5 * settings.sign_ins_per_client
    return Policy(
        "refreshes-of-client",
        quota,
        300,
        _SIGN_IN_MESSAGE,
        batch_size(quota, settings, functions=1),
        anonymous=True,
    )


def emails_to(settings: Settings) -> Policy:
    """Account emails to an address, so that the API cannot be used to flood a mailbox."""
    quota = max(1, settings.registrations_per_client // 4)
    return Policy("emails", quota, 3600, _EMAIL_MESSAGE, anonymous=True)


def emails_from(settings: Settings) -> Policy:
    """Account emails requested from a client."""
    quota = settings.registrations_per_client
    return Policy("emails-of-client", quota, 3600, _EMAIL_MESSAGE, anonymous=True)


def emails_of_all(settings: Settings) -> Policy:
    """Account emails of one kind to all addresses. Its key is the kind: requests to register do not
    use up those of users who forgot their password."""
    quota = settings.account_emails_per_hour
    return Policy(
        "emails-of-all",
        quota,
        3600,
        _EMAIL_MESSAGE,
        batch_size(quota, settings, functions=1),
        anonymous=True,
    )


_SIGN_IN_MESSAGE = "Too many sign-in attempts; wait a little before the next one."
_EMAIL_MESSAGE = "Too many emails were requested; wait before you request another one."

SIGN_INS = (sign_ins_from, sign_ins_to)
EMAILS = (emails_from, emails_of_all, emails_to)
