"""Accounts: thin endpoints over Firebase Auth, for programs that carry no SDK.

None of them tells whether there is an account under an address. To register is answered alike for
a new address and for one that is taken: what there is to say goes to the address itself. An
account lets nobody in before its address is confirmed; otherwise who registers somebody else's
address could tell from the log-in after it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

from pydantic import Field

from functions.api import rate_limit_policies
from functions.api.accounts.emails import (
    build_already_registered_email,
    build_confirmation_email,
    build_password_reset_email,
)
from functions.api.fields import EmailAddress, Line, Password, WebAddress
from functions.api.rate_limits import consume
from shared.entrypoints import bootstrap
from shared.errors import (
    AddressTaken,
    MailRefused,
    MailUnavailable,
    NotFound,
    WrongCredentials,
)
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import RequestModel, ResponseModel, Timestamp
from shared.ports.identity import Profile
from shared.ports.identity import Session as SignedIn
from shared.ports.outbound import Email

SIGN_IN_FAILURE_PADDING_S = 0.5
"""A log-in is refused this long after it came, or a multiple of that: whether a password had to be
compared is not to be seen from outside."""
EMAIL_PADDING_S = 1.0
"""The same for what is answered by a letter."""


class Registration(RequestModel):
    """Somebody who wants an account."""

    email: EmailAddress
    password: Password
    name: Annotated[Line, Field(max_length=100)] | None = None


class Credentials(RequestModel):
    """Somebody who has one."""

    email: EmailAddress
    password: Annotated[str, Field(min_length=1, max_length=128)]


class PasswordResetRequest(RequestModel):
    """Somebody who has forgotten the password."""

    email: EmailAddress


class RefreshRequest(RequestModel):
    """A session that is to go on."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=4000)]


class PasswordChange(RequestModel):
    """Another password for who knows the one there is."""

    current_password: Annotated[str, Field(min_length=1, max_length=128)]
    new_password: Password


class AccountChange(RequestModel):
    """What is to change; null takes it away, what is absent stays."""

    name: Annotated[Line, Field(max_length=100)] | None = None
    picture: WebAddress | None = None


class EmailSent(ResponseModel):
    """The same for everybody: what there is to say is in the letter."""

    message: str


class SessionView(ResponseModel):
    """Send `id_token` as `Authorization: Bearer …`; `refresh_token` gets the next one."""

    user_id: str
    id_token: str
    refresh_token: str
    expires_in_s: int


class AccountView(ResponseModel):
    """The account of who asks."""

    id: str
    email: str
    email_verified: bool
    name: str | None
    picture: str | None
    created_at: Timestamp


def register_account(request: ApiRequest) -> ApiResponse:
    """Make an account, or tell its owner that there is one: by a letter either way."""
    form = request.body(Registration)
    _letter_limits(request, form.email)
    with _even(request, EMAIL_PADDING_S):
        known = bootstrap.accounts()
        try:
            known.register(form.email, form.password, form.name or "")
        except AddressTaken:
            _send_reset(request, form.email, build_already_registered_email)
        else:
            _send(
                request,
                build_confirmation_email(
                    request, form.email, known.create_verification_code(form.email)
                ),
            )
    return ApiResponse(EmailSent(message="A letter is on its way; the link in it leads on."))


def request_password_reset(request: ApiRequest) -> ApiResponse:
    """Send a link under which a new password can be chosen, when there is an account."""
    form = request.body(PasswordResetRequest)
    _letter_limits(request, form.email)
    with _even(request, EMAIL_PADDING_S):
        _send_reset(request, form.email, build_password_reset_email)
    return ApiResponse(EmailSent(message="If there is an account, a letter is on its way to it."))


def log_in(request: ApiRequest) -> ApiResponse:
    """Sign in with address and password. Raises WrongCredentials, LimitReached."""
    form = request.body(Credentials)
    _sign_in_limits(request, form.email)
    return ApiResponse(_signed_in(request, form.email, form.password))


def refresh_session(request: ApiRequest) -> ApiResponse:
    """A fresh ID token. Raises SessionOver, LimitReached."""
    form = request.body(RefreshRequest)
    consume(request, rate_limit_policies.refreshes_from(request.settings), request.client_address)
    return ApiResponse(_session(bootstrap.accounts().refresh(form.refresh_token)))


def get_me(request: ApiRequest) -> ApiResponse:
    """Who I am."""
    return ApiResponse(_me(bootstrap.accounts().read_profile(request.user.uid)))


def change_me(request: ApiRequest) -> ApiResponse:
    """Another name or picture. Raises ChangedMeanwhile."""
    form = request.body(AccountChange)
    known = bootstrap.accounts()
    request.check_if_match(_me(known.read_profile(request.user.uid)))
    given = {
        field: getattr(form, field) or "" if field in form.model_fields_set else None
        for field in ("name", "picture")
    }
    known.update_profile(request.user.uid, name=given["name"], picture=given["picture"])
    return ApiResponse(_me(known.read_profile(request.user.uid)))


def change_password(request: ApiRequest) -> ApiResponse:
    """Another password; all other sessions end. Raises WrongCredentials, LimitReached."""
    form = request.body(PasswordChange)
    email = bootstrap.accounts().read_profile(request.user.uid).email
    _sign_in_limits(request, email)
    _signed_in(request, email, form.current_password)
    bootstrap.accounts().set_password(request.user.uid, form.new_password)
    return ApiResponse(_signed_in(request, email, form.new_password))


def _signed_in(request: ApiRequest, email: str, password: str) -> SessionView:
    with _even(request, SIGN_IN_FAILURE_PADDING_S, (WrongCredentials,)):
        return _session(bootstrap.accounts().sign_in(email, password))


def _sign_in_limits(request: ApiRequest, email: str) -> None:
    consume(request, rate_limit_policies.sign_ins_from(request.settings), request.client_address)
    consume(request, rate_limit_policies.sign_ins_to(request.settings), email)


def _letter_limits(request: ApiRequest, email: str) -> None:
    consume(request, rate_limit_policies.emails_from(request.settings), request.client_address)
    consume(request, rate_limit_policies.emails_to(request.settings), email)


def _send_reset(
    request: ApiRequest, email: str, write: Callable[[ApiRequest, str, str], Email]
) -> None:
    """To an account that is there and not disabled; whoever asked does not learn whether."""
    try:
        code = bootstrap.accounts().create_reset_code(email)
    except NotFound:
        return
    _send(request, write(request, email, code))


def _send(request: ApiRequest, email: Email) -> None:
    try:
        bootstrap.mailer().send(email)
    except MailRefused:
        # Nobody lives there: whoever asked must not learn that either.
        return
    except MailUnavailable as fault:
        # Where there is no account no letter would have failed. Who waits for one asks again.
        request.services.log("email.not_sent", severity="ERROR", reason=str(fault))


@contextmanager
def _even(
    request: ApiRequest, step_s: float, only: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """What goes on inside takes a multiple of `step_s`, to the clock; with `only`, just when it
    ends with one of these."""
    began = request.services.clock.now()
    ended: BaseException | None = None
    try:
        yield
    except Exception as fault:
        ended = fault
        raise
    finally:
        if not only or isinstance(ended, only):
            took = (request.services.clock.now() - began).total_seconds()
            request.services.clock.sleep(max(1, math.ceil(took / step_s)) * step_s - took)


def _session(one: SignedIn) -> SessionView:
    return SessionView(
        user_id=one.uid,
        id_token=one.id_token,
        refresh_token=one.refresh_token,
        expires_in_s=one.expires_in_s,
    )


def _me(one: Profile) -> AccountView:
    return AccountView(
        id=one.uid,
        email=one.email,
        email_verified=one.verified,
        name=one.name or None,
        picture=one.picture or None,
        created_at=one.created_at,
    )
