"""What the caller wants to be told by e-mail."""

from __future__ import annotations

from shared.flows.documents import Committed, Create, Doc, Update
from shared.http.request import Answer, Call
from shared.http.schemas import Form
from shared.jobs.model import Status
from shared.jobs.preferences import Preferences, preferences_path


class MailChoice(Form):
    """Of which outcomes letters are wanted."""

    done: bool
    failed: bool
    cancelled: bool


class PreferencesView(Form):
    """All preferences: got and put in one piece."""

    mail: MailChoice


def get_preferences(call: Call) -> Answer:
    """As they are; who never chose gets all letters."""
    return Answer(_view(_read(call)))


def put_preferences(call: Call) -> Answer:
    """Put others in their place. Raises ChangedMeanwhile."""
    wanted = call.body(PreferencesView)
    mailed = frozenset(Status(name) for name, yes in wanted.mail if yes)
    path, data = preferences_path(call.user.uid), Preferences(mailed).to_dict(call.user.uid)
    while True:
        doc = _read(call)
        call.check_match(_view(doc))
        write = Create(path, data) if doc is None else Update(path, data, doc.version)
        if call.world.store.commit([write]) is Committed.OK:
            return Answer(wanted)
        if _view(_read(call)) == wanted:
            # A commit whose answer was lost is repeated and meets its own work.
            return Answer(wanted)


def _read(call: Call) -> Doc | None:
    (doc,) = call.world.store.read([preferences_path(call.user.uid)])
    return doc


def _view(doc: Doc | None) -> PreferencesView:
    mailed = Preferences.from_doc(doc).mailed
    return PreferencesView(
        mail=MailChoice(
            done=Status.DONE in mailed,
            failed=Status.FAILED in mailed,
            cancelled=Status.CANCELLED in mailed,
        )
    )
