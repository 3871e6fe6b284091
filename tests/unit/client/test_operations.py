"""Every operation of the API is reached by a method of the client, or is listed with a reason."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from functions.api.routes import DOCUMENTATION, ROUTES
from moodreel import Client, Job, MoodreelError, Password, RefreshToken
from moodreel.credentials import Credentials
from tests.fakes.application import SETTINGS
from tests.fixtures.client_service import API_HOST, API_URL, ClientService
from tests.fixtures.gcs.server import GcsEmulator

ID = "a" * 20


@dataclass
class Account:
    """A client with a job, and a folder with a file."""

    service: ClientService
    folder: Path

    def __post_init__(self) -> None:
        self.client = self.sign_in()
        self.job: Job = self.client.run("presentation", prompt="Volcanoes")
        self.file = self.folder / "a.mp4"
        self.file.write_bytes(b"clip")

    def download(self) -> None:
        self.service.finish_job(self.job.id, {"frames.zip": b"zip"})
        self.job.refresh().download(self.folder)

    def sign_in(self, credentials: Credentials | None = None) -> Client:
        if credentials is None:
            return self.service.client(retry_s=0)
        network = self.service.network
        return Client(API_URL, credentials=credentials, transport=network, retry_s=0)


REACHED: Mapping[str, Callable[[Account], object]] = {
    "log_in": lambda a: a.sign_in(Password("a@example.org", "secret")).usage(),
    "refresh_session": lambda a: a.sign_in(RefreshToken("token")).usage(),
    "get_me": lambda a: a.client.account(),
    "get_usage": lambda a: a.client.usage(),
    "create_api_key": lambda a: a.client.create_key("ci", ["jobs:write"]),
    "list_api_keys": lambda a: a.client.api_keys(),
    "delete_api_key": lambda a: a.client.delete_key(ID),
    "list_recipes": lambda a: a.sign_in().recipes(),
    "create_job": lambda a: a.client.run("presentation", prompt="Volcanoes"),
    "list_jobs": lambda a: list(a.client.jobs()),
    "get_job": lambda a: a.job.refresh(),
    "change_job": lambda a: a.job.change(title="New"),
    "cancel_job": lambda a: a.job.cancel(),
    "redrive_job": lambda a: a.job.redrive(),
    "list_events": lambda a: a.job.history(),
    "begin_upload": lambda a: a.job.upload("prompt", a.file),
    "get_artifact": lambda a: a.download(),
    "get_artifact_link": lambda a: a.job.link("film.mp4"),
    "get_deck": lambda a: a.job.get_deck(),
    "put_deck": lambda a: a.job.put_deck({"revision": 1, "slides": []}),
    "rewrite_slide": lambda a: a.job.rewrite_slide("s1", 1),
    "release_deck": lambda a: a.job.release_deck(),
    "list_voices": lambda a: a.client.voices(),
    "get_sample": lambda a: a.client.voice_sample("en-US-A"),
    "list_languages": lambda a: a.client.recognition_languages(),
    "create_share": lambda a: a.job.share("film.mp4"),
    "list_shares": lambda a: list(a.client.shares()),
    "revoke_share": lambda a: a.client.revoke_share(ID),
    "create_bucket": lambda a: a.client.bind_bucket("alices-bucket"),
    "list_buckets": lambda a: a.client.buckets(),
    "get_bucket": lambda a: a.client.bucket(ID),
    "verify_bucket": lambda a: a.client.verify_bucket(ID),
    "delete_bucket": lambda a: a.client.delete_bucket(ID),
    "create_webhook": lambda a: a.client.create_webhook("https://example.org/hook"),
    "list_webhooks": lambda a: a.client.webhooks(),
    "get_webhook": lambda a: a.client.webhook(ID),
    "delete_webhook": lambda a: a.client.delete_webhook(ID),
    "enable_webhook": lambda a: a.client.enable_webhook(ID),
    "rotate_secret": lambda a: a.client.rotate_webhook_secret(ID),
    "test_webhook": lambda a: a.client.test_webhook(ID),
    "list_deliveries": lambda a: list(a.client.deliveries(ID)),
    "get_delivery": lambda a: a.client.delivery(ID, ID),
    "replay_delivery": lambda a: a.client.replay_delivery(ID, ID),
    "create_camera": lambda a: a.client.add_camera("Door", "rtsp://8.8.8.8/live"),
    "list_cameras": lambda a: a.client.cameras(),
    "get_camera": lambda a: a.client.camera(ID),
    "delete_camera": lambda a: a.client.delete_camera(ID),
    "create_preview": lambda a: a.client.preview_camera(ID),
    "create_recording": lambda a: a.client.record("rtsp://8.8.8.8/live"),
    "list_recordings": lambda a: list(a.client.recordings()),
    "get_last_recording": lambda a: a.client.recording(),
    "get_recording": lambda a: a.client.recording(ID),
    "delete_recording": lambda a: a.client.delete_recording(ID),
    "stop_recording": lambda a: a.client.stop_recording(ID),
    "redrive_recording": lambda a: a.client.redrive_recording(ID),
    "get_clip": lambda a: a.client.download_clip(a.client.record("rtsp://8.8.8.8/live"), a.folder),
    # The last one: it deletes the job.
    "delete_job": lambda a: a.job.delete(),
}
"""A call that sends the request, by operation."""

_IN_A_BROWSER = "Accounts are registered, confirmed and changed in the console."
_PRIVACY = "Exports and erasures are requested and confirmed in the console, by the person."
_PAGE = "A page or a document for people and tools."
NOT_REACHED: Mapping[str, str] = {
    "register_account": _IN_A_BROWSER,
    "request_password_reset": _IN_A_BROWSER,
    "set_password": _IN_A_BROWSER,
    "change_password": _IN_A_BROWSER,
    "change_me": _IN_A_BROWSER,
    "get_preferences": _IN_A_BROWSER,
    "put_preferences": _IN_A_BROWSER,
    "list_mails": _IN_A_BROWSER,
    "create_export": _PRIVACY,
    "list_exports": _PRIVACY,
    "get_export": _PRIVACY,
    "get_export_part": _PRIVACY,
    "get_export_part_link": _PRIVACY,
    "create_erasure": _PRIVACY,
    "delete_account": _PRIVACY,
    "get_erasure": _PRIVACY,
    "get_inventory": _PRIVACY,
    "list_receipt_keys": _PRIVACY,
    "finish_upload": "Uploads are declared with their checksum, and the event starts the job.",
    "get_input_link": "The file is that of the caller.",
    "get_clip_link": "`Client.download_clip` follows the redirect.",
    "get_last_clip": "`Client.recording()` returns the recording, which `download_clip` takes.",
    "add_picture": "Pictures are chosen and cropped in the editor of slides.",
    "create_browser_copy": "`Client.download_clip` returns the original, which programs can read.",
    "get_browser_copy_link": "`Client.download_clip` returns the original.",
    "get_slide_picture": "`slides.zip` of the job has the pictures of all slides.",
    "open_share": "The URL of a link is opened without this package.",
    "health": "For the monitoring of the service.",
    "healthz": "For the monitoring of the service.",
    "get_openapi": _PAGE,
    "get_docs": _PAGE,
    "get_plain_docs": _PAGE,
    "get_docs_script": _PAGE,
    "get_docs_style": _PAGE,
    "get_problem": _PAGE,
}
"""The reason, by operation."""


def test_every_operation_is_reached_or_listed() -> None:
    paths = DOCUMENTATION.build_document(SETTINGS.public_url)["paths"]
    operations = {row["operationId"] for path in paths.values() for row in path.values()}

    assert not REACHED.keys() & NOT_REACHED.keys()
    assert operations == REACHED.keys() | NOT_REACHED.keys()


@pytest.fixture(scope="module")
def account(gcs: GcsEmulator, tmp_path_factory: pytest.TempPathFactory) -> Account:
    return Account(ClientService.create(gcs), tmp_path_factory.mktemp("files"))


@pytest.mark.parametrize("operation", REACHED)
def test_method_sends_the_request(account: Account, operation: str) -> None:
    requests = account.service.network.requests
    requests.clear()
    # Nothing has the ids.
    with contextlib.suppress(MoodreelError):
        REACHED[operation](account)

    sent = [request for request in requests if request.url.host == API_HOST]
    assert operation in map(find_operation, sent)


def find_operation(request: httpx.Request) -> str:
    """Returns the id of the operation, that of a path without parameters first."""
    found = [
        route
        for route in ROUTES
        if route.method == request.method
        and re.fullmatch(re.sub(r"{\w+}", "[^/]+", route.path), request.url.path)
    ]
    return min(found, key=lambda route: route.path.count("{")).handler.__name__
