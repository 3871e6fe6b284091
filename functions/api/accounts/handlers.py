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
from functions.api.accounts.emails import already_here, confirm, reset
from functions.api.fields import EmailAddress, Line, Password, WebAddress
from functions.api.rate_limits import take
from shared.entrypoints import bootstrap
from shared.errors import (
    AddressTaken,
    MailRefused,
    MailUnavailable,
    NotFound,
    WrongCredentials,
)
from shared.http.request import Answer, Call
from shared.http.schemas import Form, Moment, Told
from shared.ports.identity import Profile
from shared.ports.identity import Session as SignedIn
from shared.ports.outbound import Letter

REFUSAL_S = 0.5
"""A log-in is refused this long after it came, or a multiple of that: whether a password had to be
compared is not to be seen from outside."""
LETTER_S = 1.0
"""The same for what is answered by a letter."""


class Registration(Form):
    """Somebody who wants an account."""

    email: EmailAddress
    password: Password
    name: Annotated[Line, Field(max_length=100)] | None = None


class Credentials(Form):
    """Somebody who has one."""

    email: EmailAddress
    password: Annotated[str, Field(min_length=1, max_length=128)]


class Forgotten(Form):
    """Somebody who has forgotten the password."""

    email: EmailAddress


class Renewal(Form):
    """A session that is to go on."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=4000)]


class PasswordChange(Form):
    """Another password for who knows the one there is."""

    current_password: Annotated[str, Field(min_length=1, max_length=128)]
    new_password: Password


class MeChange(Form):
    """What is to change; null takes it away, what is absent stays."""

    name: Annotated[Line, Field(max_length=100)] | None = None
    picture: WebAddress | None = None


class LetterSent(Told):
    """The same for everybody: what there is to say is in the letter."""

    message: str


class Session(Told):
    """Send `id_token` as `Authorization: Bearer …`; `refresh_token` gets the next one."""

    user_id: str
    id_token: str
    refresh_token: str
    expires_in_s: int


class Me(Told):
    """The account of who asks."""

    id: str
    email: str
    email_verified: bool
    name: str | None
    picture: str | None
    created_at: Moment


def register(call: Call) -> Answer:
    """Make an account, or tell its owner that there is one: by a letter either way."""
    form = call.body(Registration)
    _letter_limits(call, form.email)
    with _even(call, LETTER_S):
        known = bootstrap.accounts()
        try:
            known.register(form.email, form.password, form.name or "")
        except AddressTaken:
            _send_reset(call, form.email, already_here)
        else:
            _send(call, confirm(call, form.email, known.confirm_code(form.email)))
    return Answer(LetterSent(message="A letter is on its way; the link in it leads on."))


def forgot(call: Call) -> Answer:
    """Send a link under which a new password can be chosen, when there is an account."""
    form = call.body(Forgotten)
    _letter_limits(call, form.email)
    with _even(call, LETTER_S):
        _send_reset(call, form.email, reset)
    return Answer(LetterSent(message="If there is an account, a letter is on its way to it."))


def log_in(call: Call) -> Answer:
    """Sign in with address and password. Raises WrongCredentials, LimitReached."""
    form = call.body(Credentials)
    _sign_in_limits(call, form.email)
    return Answer(_signed_in(call, form.email, form.password))


def refresh(call: Call) -> Answer:
    """A fresh ID token. Raises SessionOver, LimitReached."""
    form = call.body(Renewal)
    take(call, rate_limit_policies.renewals_from(call.settings), call.client)
    return Answer(_session(bootstrap.accounts().refresh(form.refresh_token)))


def get_me(call: Call) -> Answer:
    """Who I am."""
    return Answer(_me(bootstrap.accounts().profile(call.user.uid)))


def change_me(call: Call) -> Answer:
    """Another name or picture. Raises ChangedMeanwhile."""
    form = call.body(MeChange)
    known = bootstrap.accounts()
    call.check_match(_me(known.profile(call.user.uid)))
    given = {
        field: getattr(form, field) or "" if field in form.model_fields_set else None
        for field in ("name", "picture")
    }
    known.change(call.user.uid, name=given["name"], picture=given["picture"])
    return Answer(_me(known.profile(call.user.uid)))


def change_password(call: Call) -> Answer:
    """Another password; all other sessions end. Raises WrongCredentials, LimitReached."""
    form = call.body(PasswordChange)
    email = bootstrap.accounts().profile(call.user.uid).email
    _sign_in_limits(call, email)
    _signed_in(call, email, form.current_password)
    bootstrap.accounts().set_password(call.user.uid, form.new_password)
    return Answer(_signed_in(call, email, form.new_password))


def _signed_in(call: Call, email: str, password: str) -> Session:
    with _even(call, REFUSAL_S, (WrongCredentials,)):
        return _session(bootstrap.accounts().sign_in(email, password))


def _sign_in_limits(call: Call, email: str) -> None:
    take(call, rate_limit_policies.sign_ins_from(call.settings), call.client)
    take(call, rate_limit_policies.sign_ins_to(call.settings), email)


def _letter_limits(call: Call, email: str) -> None:
    take(call, rate_limit_policies.letters_from(call.settings), call.client)
    take(call, rate_limit_policies.letters_to(call.settings), email)


def _send_reset(call: Call, email: str, write: Callable[[Call, str, str], Letter]) -> None:
    """To an account that is there and not disabled; whoever asked does not learn whether."""
    try:
        code = bootstrap.accounts().reset_code(email)
    except NotFound:
        return
    _send(call, write(call, email, code))


def _send(call: Call, letter: Letter) -> None:
    try:
        bootstrap.mailer().send(letter)
    except MailRefused:
        # Nobody lives there: whoever asked must not learn that either.
        return
    except MailUnavailable as fault:
        # Where there is no account no letter would have failed. Who waits for one asks again.
        call.world.log("letter.unsent", severity="ERROR", why=str(fault))


@contextmanager
def _even(call: Call, step_s: float, only: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """What goes on inside takes a multiple of `step_s`, to the clock; with `only`, just when it
    ends with one of these."""
    began = call.world.clock.now()
    ended: BaseException | None = None
    try:
        yield
    except Exception as fault:
        ended = fault
        raise
    finally:
        if not only or isinstance(ended, only):
            took = (call.world.clock.now() - began).total_seconds()
            call.world.clock.sleep(max(1, math.ceil(took / step_s)) * step_s - took)


def _session(one: SignedIn) -> Session:
    return Session(
        user_id=one.uid,
        id_token=one.id_token,
        refresh_token=one.refresh_token,
        expires_in_s=one.expires_in_s,
    )


def _me(one: Profile) -> Me:
    return Me(
        id=one.uid,
        email=one.email,
        email_verified=one.verified,
        name=one.name or None,
        picture=one.picture or None,
        created_at=one.created_at,
    )
