"""The console's files as browsers get them: what is kept, packed, refused and allowed."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Request, Response

from functions.console.files import SETTINGS_BLOCK, serve_pages
from functions.console.policy import to_json_block
from shared.errors import ConfigurationError
from shared.pipeline import Bucket
from shared.runtime.settings import Settings

ORIGIN = "https://moodreel.test"
CLOUD = Settings(
    project="p",
    buckets={role: f"p-{role}" for role in Bucket},
    public_url=ORIGIN,
    console_url=ORIGIN,
    web_api_key="AIza-key",
)
LOCAL = replace(
    CLOUD,
    public_url="http://127.0.0.1:8622",
    downloads_url="http://127.0.0.1:8623",
    console_url="http://127.0.0.1:8624",
    local=True,
    auth_emulator="127.0.0.1:8602",
    firestore_emulator="127.0.0.1:8600",
    storage_emulator="http://127.0.0.1:8603",
)
SCRIPT = b"import './chunk.js';\n" * 50


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(f"<!doctype html><head>{SETTINGS_BLOCK}</head>")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    script = tmp_path / "assets" / "main-ABC.js"
    script.write_bytes(SCRIPT)
    script.with_name("main-ABC.js.gz").write_bytes(gzip.compress(SCRIPT, mtime=0))
    script.with_name("main-ABC.js.br").write_bytes(b"brotli")
    return tmp_path


def ask(
    site: Path, path: str, method: str = "GET", settings: Settings = CLOUD, **headers: str
) -> TestResponse:
    respond = serve_pages(replace(settings, console_files=str(site)))

    @Request.application
    def app(request: Request) -> Response:
        return respond(request)

    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client(app).open(path, method=method, headers=sent)


def told(answer: TestResponse) -> Any:
    found = re.search(r'<script type="application/json" id="settings">(.*?)</script>', answer.text)
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize("path", ["/", "/sign-in", "/jobs/abc/deck", "/new/frames", "/nowhere"])
def test_every_page_leads_to_the_one_page_and_is_asked_for_again(site: Path, path: str) -> None:
    answer = ask(site, path)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert told(answer)["firebase"] == {"apiKey": "AIza-key", "projectId": "p"}
    again = ask(site, path, If_None_Match=answer.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/jobs", "/assets/gone-XYZ.js", "/index.html", "/main.py", "/assets/", "/.env",
        "/../pages.py", "/assets/../../main.py", "/assets/main-ABC.js.br",
    ],
)  # fmt: skip
def test_what_is_no_page_and_no_file_is_not_found(site: Path, path: str) -> None:
    answer = ask(site, path)
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")
    # Nothing is remembered of it: the next version may have it.
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_carries_its_hash_is_kept_for_ever(site: Path) -> None:
    answer = ask(site, "/assets/main-ABC.js")
    assert answer.data == SCRIPT
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert ask(site, "/favicon.svg").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "coding", "data"),
    [
        ("gzip, deflate, br", "br", b"brotli"),
        ("gzip", "gzip", gzip.compress(SCRIPT, mtime=0)),
        ("br;q=0, gzip", "gzip", gzip.compress(SCRIPT, mtime=0)),
        ("identity", None, SCRIPT),
        ("", None, SCRIPT),
    ],
)
def test_files_come_as_they_were_packed_for_who_takes_them_so(
    site: Path, accepted: str, coding: str | None, data: bytes
) -> None:
    answer = ask(site, "/assets/main-ABC.js", Accept_Encoding=accepted)
    assert answer.headers.get("Content-Encoding") == coding
    assert (gzip.decompress(answer.data) if coding == "gzip" else answer.data) == (
        SCRIPT if coding == "gzip" else data
    )
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_only_reading_is_answered(site: Path) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer = ask(site, "/", method)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    head = ask(site, "/", "HEAD")
    assert (head.status_code, head.data) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(ask(site, "/").data)


def policy(answer: TestResponse) -> dict[str, list[str]]:
    parts = answer.headers["Content-Security-Policy"].split("; ")
    return {name: rest.split(" ") for name, _, rest in (one.partition(" ") for one in parts)}


@pytest.mark.parametrize("path", ["/", "/assets/main-ABC.js", "/v1/none"])
@pytest.mark.parametrize("settings", [CLOUD, LOCAL], ids=["cloud", "local"])
def test_nothing_but_our_own_files_is_run(site: Path, path: str, settings: Settings) -> None:
    answer = ask(site, path, settings=settings)
    found = policy(answer)
    assert found["default-src"] == found["base-uri"] == found["frame-ancestors"] == ["'none'"]
    assert found["script-src"] == found["style-src"] == ["'self'"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "*" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "camera=(self)" in answer.headers["Permissions-Policy"]
    assert ("Strict-Transport-Security" in answer.headers) == (settings is CLOUD)


def test_in_the_cloud_the_page_asks_its_own_origin_the_bucket_and_firebase_alone(
    site: Path,
) -> None:
    assert set(policy(ask(site, "/"))["connect-src"]) == {
        "'self'", ORIGIN, "https://storage.googleapis.com",
        "https://identitytoolkit.googleapis.com", "https://securetoken.googleapis.com",
        "https://firestore.googleapis.com",
    }  # fmt: skip
    assert told(ask(site, "/"))["emulators"] is None


def test_beside_the_emulators_the_page_asks_no_service_of_googles(site: Path) -> None:
    answer = ask(site, "/", settings=LOCAL)
    assert "googleapis" not in answer.headers["Content-Security-Policy"]
    assert told(answer)["emulators"] == {
        "auth": "http://127.0.0.1:8602",
        "firestore": "127.0.0.1:8600",
    }


def test_a_setting_cannot_end_the_block_that_it_stands_in() -> None:
    assert "<" not in to_json_block({"x": "</script><script>alert(1)</script>"})


def test_pages_that_were_not_built_are_said_to_be_missing(tmp_path: Path, site: Path) -> None:
    with pytest.raises(ConfigurationError, match="not built"):
        ask(tmp_path / "nowhere", "/")
    (site / "index.html").write_text("<!doctype html>")
    with pytest.raises(ConfigurationError, match="settings"):
        ask(site, "/")
