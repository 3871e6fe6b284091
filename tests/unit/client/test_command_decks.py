"""The commands `deck edit`, `voices` and `record` over responses of the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from moodreel import Client
from moodreel.cli.main import cli
from tests.fixtures.client_service import ClientService, Fault, Handler, lose_request, respond
from tests.unit.client.job_views import make_job

SLIDE = {"id": "s1", "heading": "Bees", "bullets": ["They fly."], "picture_url": "/v1/x"}
DECK: dict[str, Any] = {
    "revision": 3, "current": True, "title": "Bees", "language": "en", "theme": "plain",
    "aspect": "16:9", "resolution": "720p", "slides": [SLIDE], "pictures": ["a.png"],
}  # fmt: skip
JOB = make_job(status="running").model_dump_json().encode()


@pytest.fixture(autouse=True)
def folder(
    service: ClientService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ClientService:
    """A current folder, and Alice's login."""

    @contextmanager
    def client(_context: object) -> Iterator[Client]:
        with service.client(retry_s=0) as opened:
            yield opened

    monkeypatch.setattr("moodreel.cli.context.Context.client", client)
    monkeypatch.chdir(tmp_path)
    return service


def invoke(service: ClientService, faults: list[Fault], *arguments: str, **options: Any) -> Result:
    """Runs the command; the API responds as `faults` say, in order."""
    service.network.faults = faults
    result = CliRunner().invoke(cli, list(arguments), **options)
    assert not service.network.faults
    return result


def use_editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    """Makes $EDITOR a shell script, which gets the path of the file as $1."""
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", "")
    monkeypatch.setenv("EDITOR", str(editor))


def sent_deck(service: ClientService) -> dict[str, Any]:
    (put,) = [request for request in service.network.requests if request.method == "PUT"]
    body: dict[str, Any] = json.loads(put.read())
    return body


def test_edited_deck_is_put_without_what_is_read_only(
    service: ClientService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_editor(monkeypatch, tmp_path, 'sed -i s/Bees/Wasps/ "$1"; touch -d 2030-01-01 "$1"')
    faults = [respond(200, JOB), respond(200, json.dumps(DECK).encode()), respond(202, JOB)]

    result = invoke(service, faults, "deck", "edit", "j" * 20, "--release")

    assert result.exit_code == 0, result.output
    body = sent_deck(service)
    assert (body["revision"], body["release"]) == (3, True)
    assert set(body["deck"]) == {"title", "language", "theme", "aspect", "resolution", "slides"}
    assert body["deck"]["slides"] == [{"id": "s1", "heading": "Wasps", "bullets": ["They fly."]}]


def test_unchanged_deck_is_not_put(
    service: ClientService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_editor(monkeypatch, tmp_path, "true")

    result = invoke(
        service, [respond(200, JOB), respond(200, json.dumps(DECK).encode())],
        "deck", "edit", "j" * 20,
    )  # fmt: skip

    assert "unchanged" in result.output
    assert service.network.paths("PUT") == []


@pytest.mark.parametrize(
    ("script", "refusal"),
    [
        ('echo "{" > "$1"', []),
        ('sed -i s/Bees/Wasps/ "$1"', [respond(422, b'{"code": "x", "detail": "Too long."}')]),
        ('sed -i s/Bees/Wasps/ "$1"', [respond(409, b'{"code": "x", "detail": "Edited."}')]),
    ],
    ids=["not JSON", "refused", "edited meanwhile"],
)
def test_edits_that_are_refused_are_kept(
    service: ClientService,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    script: str,
    refusal: list[Fault],
) -> None:
    use_editor(monkeypatch, tmp_path, f'{script}; touch -d 2030-01-01 "$1"')
    faults = [respond(200, JOB), respond(200, json.dumps(DECK).encode()), *refusal]

    result = invoke(service, faults, "deck", "edit", "j" * 20, input="n\n")

    assert result.exit_code != 0
    kept = tmp_path / f"deck-{'j' * 20}.json"
    assert kept.read_text()[0] == "{"
    assert kept.name in result.output


def interrupt(_request: httpx.Request, _handler: Handler) -> httpx.Response:
    """The user presses Ctrl-C during the request."""
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("answers", "answer"),
    [
        ([lose_request], ""),
        ([interrupt], ""),
        # The input ends at the question.
        ([respond(422, b'{"code": "x", "detail": "Too long."}')], ""),
        # The editor is left without a change.
        ([respond(422, b'{"code": "x", "detail": "Too long."}')], "y\n"),
    ],
    ids=["lost connection", "interrupted", "no answer", "left"],
)
def test_edits_that_did_not_arrive_are_kept(
    service: ClientService,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    answers: list[Fault],
    answer: str,
) -> None:
    use_editor(
        monkeypatch, tmp_path,
        'grep -q Wasps "$1" || { sed -i s/Bees/Wasps/ "$1"; touch -d 2030-01-01 "$1"; }',
    )  # fmt: skip
    faults = [respond(200, JOB), respond(200, json.dumps(DECK).encode()), *answers]

    result = invoke(service, faults, "deck", "edit", "j" * 20, input=answer)

    kept = tmp_path / f"deck-{'j' * 20}.json"
    assert json.loads(kept.read_text())["slides"][0]["heading"] == "Wasps"
    assert kept.name in result.output


def voices(*names: str) -> bytes:
    rows = [
        {"name": name, "languages": ["en-US"], "gender": None, "kind": "neural",
         "sample_url": f"/v1/voices/{name}/sample"}
        for name in names
    ]  # fmt: skip
    return json.dumps({"voices": rows, "default": names[0] if names else None}).encode()


def test_voices_are_listed_and_their_samples_saved(service: ClientService, tmp_path: Path) -> None:
    faults = [respond(200, voices("Joe", "Ann")), respond(200, b"RIFF"), respond(429, b"{}")]

    result = invoke(service, faults, "voices", "--language", "en", "--samples", "s")

    rows = [line.split() for line in result.stdout.splitlines()[1:]]
    assert rows == [["*", "Joe", "en-US", "–", "neural"], ["Ann", "en-US", "–", "neural"]]
    assert [path.name for path in (tmp_path / "s").iterdir()] == ["Joe.wav"]
    assert result.exit_code != 0


def test_language_without_a_voice_is_an_error(service: ClientService) -> None:
    result = invoke(service, [respond(200, voices())], "voices", "--language", "ja")

    assert str(result.exception) == "No voice speaks ja."


def test_failed_recording_is_an_error(
    service: ClientService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moodreel.cli.commands.record._POLL_S", 0)
    started = service.client().record("rtsp://8.8.8.8/live")
    error = {"code": "source-lost", "message": "The camera does not respond."}
    failed = started.model_copy(update={"state": "failed", "error": None}).model_dump(mode="json")
    faults = [
        respond(201, started.model_dump_json().encode()),
        respond(200, json.dumps({**failed, "error": error}).encode()),
    ]

    result = invoke(service, faults, "record", "rtsp://8.8.8.8/live", "--duration", "5")

    assert str(result.exception) == "The camera does not respond."
    posted = [r for r in service.network.requests if r.method == "POST"]
    assert _body(posted[-1]) == {"source": {"url": "rtsp://8.8.8.8/live"}, "max_duration_s": 5}


def _body(request: httpx.Request) -> Any:
    return json.loads(request.read())
