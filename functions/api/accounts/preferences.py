"""The caller's email preferences."""

from __future__ import annotations

from shared.flows.documents import CommitResult, Create, Doc, Update
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import RequestModel
from shared.jobs.emails.preferences import MAIL_KINDS, Preferences, preferences_path


class MailPreferences(RequestModel):
    """The emails that are sent: about jobs that are done, failed or were cancelled, decks that wait
    for your review, and exports that are ready. An email about a new API key is always sent."""

    done: bool
    failed: bool
    cancelled: bool
    # Clients of earlier versions do not send them: they stay as they are.
    awaiting_review: bool = True
    export_ready: bool = True


class PreferencesView(RequestModel):
    """All preferences. They are read and replaced together. A preference that is not sent stays as
    it is."""

    mail: MailPreferences


def get_preferences(request: ApiRequest) -> ApiResponse:
    """Returns your preferences. By default every outcome sends an email."""
    return ApiResponse(_view(_read(request)))


def put_preferences(request: ApiRequest) -> ApiResponse:
    """Replaces your preferences.

    Raises ChangedMeanwhile.
    """
    sent = request.body(PreferencesView).mail.model_dump(exclude_unset=True)
    path = preferences_path(request.user.uid)
    while True:
        doc = _read(request)
        current = _view(doc)
        request.check_if_match(current)
        view = PreferencesView(mail=current.mail.model_copy(update=sent))
        mailed = frozenset(name for name, enabled in view.mail if enabled)
        data = Preferences(mailed).to_dict(request.user.uid)
        write = Create(path, data) if doc is None else Update(path, data, doc.version)
        if request.services.store.commit([write]) is CommitResult.OK:
            return ApiResponse(view)
        if _view(_read(request)) == view:
            # The client library retried this commit after its response was lost: it conflicts with
            # its own write.
            return ApiResponse(view)


def _read(request: ApiRequest) -> Doc | None:
    (doc,) = request.services.store.read([preferences_path(request.user.uid)])
    return doc


def _view(doc: Doc | None) -> PreferencesView:
    mailed = Preferences.from_doc(doc).mails
    return PreferencesView(mail=MailPreferences(**{kind: kind in mailed for kind in MAIL_KINDS}))
