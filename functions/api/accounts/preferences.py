"""What the caller wants to be told by e-mail."""

from __future__ import annotations

from shared.flows.documents import CommitResult, Create, Doc, Update
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import RequestModel
from shared.jobs.model import Status
from shared.jobs.preferences import Preferences, preferences_path


class MailPreferences(RequestModel):
    """Of which outcomes letters are wanted."""

    done: bool
    failed: bool
    cancelled: bool


class PreferencesView(RequestModel):
    """All preferences: got and put in one piece."""

    mail: MailPreferences


def get_preferences(request: ApiRequest) -> ApiResponse:
    """As they are; who never chose gets all letters."""
    return ApiResponse(_view(_read(request)))


def put_preferences(request: ApiRequest) -> ApiResponse:
    """Put others in their place. Raises ChangedMeanwhile."""
    wanted = request.body(PreferencesView)
    mailed = frozenset(Status(name) for name, yes in wanted.mail if yes)
    path, data = preferences_path(request.user.uid), Preferences(mailed).to_dict(request.user.uid)
    while True:
        doc = _read(request)
        request.check_if_match(_view(doc))
        write = Create(path, data) if doc is None else Update(path, data, doc.version)
        if request.services.store.commit([write]) is CommitResult.OK:
            return ApiResponse(wanted)
        if _view(_read(request)) == wanted:
            # A commit whose answer was lost is repeated and meets its own work.
            return ApiResponse(wanted)


def _read(request: ApiRequest) -> Doc | None:
    (doc,) = request.services.store.read([preferences_path(request.user.uid)])
    return doc


def _view(doc: Doc | None) -> PreferencesView:
    mailed = Preferences.from_doc(doc).mail_outcomes
    return PreferencesView(
        mail=MailPreferences(
            done=Status.DONE in mailed,
            failed=Status.FAILED in mailed,
            cancelled=Status.CANCELLED in mailed,
        )
    )
