"""Account endpoints over Firebase Auth, for clients without a Firebase SDK.

No endpoint reveals whether an email address has an account. Registration gets the same answer for a
new address and for a taken one; the difference is in the email.

A password is chosen only by somebody who opened a link in an email to the address. The link
confirms the address, replaces the password and ends all sessions, so somebody who registered the
address of another person has no access to the account.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from functions.api import rate_limit_policies
from functions.api.accounts.emails import (
    build_already_registered_email,
    build_confirmation_email,
    build_password_reset_email,
)
from functions.api.accounts.schemas import (
    AccountChange,
    Credentials,
    EmailSent,
    NewPassword,
    PasswordChange,
    PasswordResetRequest,
    RefreshRequest,
    Registration,
    SessionView,
    account_view,
    session_view,
)
from shared.entrypoints import bootstrap
from shared.errors import FirestoreUnavailable, NotFound
from shared.http.request import ApiRequest, ApiResponse
from shared.jobs.emails.mails import MailState, derive_mail_id, new_mail
from shared.ports.identity import AddressTaken, WrongCredentials
from shared.ports.outbound import Email, MailRefused, MailUnavailable

SIGN_IN_FAILURE_PADDING_S = 0.5
"""A rejected sign-in takes a multiple of this time, so that the response time does not reveal
whether a password was compared."""
EMAIL_PADDING_S = 1.0
"""The same for endpoints that send an email."""
_MAIL_KINDS: Mapping[Callable[[ApiRequest, str, str], Email], str] = {
    build_already_registered_email: "account.already_registered",
    build_password_reset_email: "account.password_reset",
}
"""What the emails are about, in the mail log."""


def register_account(request: ApiRequest) -> ApiResponse:
    """Creates an account, or reminds the owner of an existing one. Both send an email: the same one
    until the address is confirmed."""
    body = request.body(Registration)
    _check_email_rate(request, body.email, "register")
    with _padded_to(request, EMAIL_PADDING_S):
        with suppress(AddressTaken):
            bootstrap.accounts().register(body.email, body.name or "")
        _send_code(request, body.email, build_already_registered_email)
    return ApiResponse(
        EmailSent(message="An email is on its way; follow the link in it to continue.")
    )


def request_password_reset(request: ApiRequest) -> ApiResponse:
    """Sends a link to choose a new password, if the account exists. If its address is not confirmed
    yet, the link is that of a registration."""
    body = request.body(PasswordResetRequest)
    _check_email_rate(request, body.email, "forgot")
    with _padded_to(request, EMAIL_PADDING_S):
        _send_code(request, body.email, build_password_reset_email)
    return ApiResponse(EmailSent(message="If there is an account, an email is on its way to it."))


def set_password(request: ApiRequest) -> ApiResponse:
    """Sets a password with the code of an email, ends all sessions and confirms the address.

    Raises InvalidCode, CodeExpired, PasswordRefused, LimitReached.
    """
    body = request.body(NewPassword)
    request.check_rate(rate_limit_policies.sign_ins_from, request.client_address)
    accounts = bootstrap.accounts()
    user = accounts.use_password_code(body.code, body.password)
    _end_sessions(request, user.uid)
    # Last: after a failure above, the account is not confirmed and has no access. The code is used,
    # and a new one repeats every step.
    accounts.confirm_address(user.uid, user.email)
    return ApiResponse()


def log_in(request: ApiRequest) -> ApiResponse:
    """Signs in with an email address and a password. The address must be confirmed.

    Raises WrongCredentials, LimitReached.
    """
    body = request.body(Credentials)
    _check_sign_in_rate(request, body.email)
    return ApiResponse(_sign_in(request, body.email, body.password))


def refresh_session(request: ApiRequest) -> ApiResponse:
    """Returns a new ID token.

    Raises SessionExpired, LimitReached.
    """
    body = request.body(RefreshRequest)
    request.check_rate(rate_limit_policies.refreshes_from, request.client_address)
    return ApiResponse(session_view(bootstrap.accounts().refresh(body.refresh_token)))


def get_me(request: ApiRequest) -> ApiResponse:
    """Returns your account."""
    return ApiResponse(account_view(bootstrap.accounts().read_profile(request.user.uid)))


def change_me(request: ApiRequest) -> ApiResponse:
    """Changes your name or picture.

    Raises ChangedMeanwhile.
    """
    body = request.body(AccountChange)
    accounts = bootstrap.accounts()
    request.check_if_match(account_view(accounts.read_profile(request.user.uid)))
    changes = {
        field: getattr(body, field) or "" if field in body.model_fields_set else None
        for field in ("name", "picture")
    }
    accounts.update_profile(request.user.uid, name=changes["name"], picture=changes["picture"])
    return ApiResponse(account_view(accounts.read_profile(request.user.uid)))


def change_password(request: ApiRequest) -> ApiResponse:
    """Changes your password and ends all other sessions.

    Raises WrongCredentials, LimitReached.
    """
    body = request.body(PasswordChange)
    email = bootstrap.accounts().read_profile(request.user.uid).email
    _check_sign_in_rate(request, email)
    _sign_in(request, email, body.current_password)
    bootstrap.accounts().set_password(request.user.uid, body.new_password)
    _end_sessions(request, request.user.uid)
    return ApiResponse(_sign_in(request, email, body.new_password))


def _end_sessions(request: ApiRequest, uid: str) -> None:
    """Ends all sessions. Tokens have times in whole seconds: one that the old password got in this
    second, just before the change, is revoked in the next one."""
    clock = request.services.clock
    clock.sleep(1 - clock.now().microsecond / 1e6)
    bootstrap.accounts().end_sessions(uid)


def _sign_in(request: ApiRequest, email: str, password: str) -> SessionView:
    with _padded_to(request, SIGN_IN_FAILURE_PADDING_S, (WrongCredentials,)):
        return session_view(bootstrap.accounts().sign_in(email, password))


def _check_sign_in_rate(request: ApiRequest, email: str) -> None:
    request.check_rate(rate_limit_policies.sign_ins_from, request.client_address)
    request.check_rate(rate_limit_policies.sign_ins_to, email)


def _check_email_rate(request: ApiRequest, email: str, kind: str) -> None:
    request.check_rate(rate_limit_policies.emails_from, request.client_address)
    # Before the address: requests over the limit of all fill no counters of addresses.
    request.check_rate(rate_limit_policies.emails_of_all, kind)
    request.check_rate(rate_limit_policies.emails_to, email)


def _send_code(
    request: ApiRequest, address: str, build: Callable[[ApiRequest, str, str], Email]
) -> None:
    """Sends an email with a code that sets the password, if the account exists and is enabled. The
    caller of the endpoint does not learn whether it does. An address that is not confirmed yet gets
    the email of a registration, which is in no mail log: anybody can register any address."""
    try:
        code = bootstrap.accounts().create_password_code(address)
    except NotFound:
        return
    if not code.verified:
        _send(request, build_confirmation_email(request, address, code.code))
        return
    email = build(request, address, code.code)
    state = _send(request, email)
    if state is not None:
        record = new_mail(
            derive_mail_id(request.seed), owner=code.uid, kind=_MAIL_KINDS[build], to=email.to,
            subject=email.subject, now=request.services.clock.now(), state=state,
        )  # fmt: skip
        try:
            request.services.store.commit([record])
        except FirestoreUnavailable as error:
            # Only an account has a mail log, so an error here would reveal the account.
            request.services.log("email.not_recorded", severity="ERROR", reason=str(error))


def _send(request: ApiRequest, email: Email) -> MailState | None:
    """Sends an email. Returns its state, or None when the mail server is not available."""
    try:
        bootstrap.mailer().send(email)
    except MailRefused:
        # The mailbox does not exist. The caller must not learn that either.
        return MailState.REFUSED
    except MailUnavailable as error:
        # Without an account no email could have failed, so an error here would reveal the account.
        # The user can request another email.
        request.services.log("email.not_sent", severity="ERROR", reason=str(error))
        return None
    return MailState.SENT


@contextmanager
def _padded_to(
    request: ApiRequest, step_s: float, errors: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Pads the duration of the block to a multiple of `step_s` seconds.

    With `errors`, pads only when the block raises one of them.
    """
    started_at = request.services.clock.now()
    error: BaseException | None = None
    try:
        yield
    except Exception as raised:
        error = raised
        raise
    finally:
        if not errors or isinstance(error, errors):
            elapsed_s = (request.services.clock.now() - started_at).total_seconds()
            total_s = max(1, math.ceil(elapsed_s / step_s)) * step_s
            request.services.clock.sleep(total_s - elapsed_s)
