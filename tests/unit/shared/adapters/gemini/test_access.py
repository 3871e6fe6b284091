"""What authorizes a request to Gemini: a service account's token or an API key, never a mixture."""

from __future__ import annotations

import json
import subprocess
import threading
import urllib.error
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.local.setup.installs import clean_env
from infra.local.setup.tools import requirements_file
from infra.local.suite.layout import ROOT
from shared.adapters.gemini.access import GeminiAccess
from shared.adapters.gemini.model import create_deck_model
from shared.errors import ConfigurationError
from shared.pipeline import GeminiBackend
from tests.fixtures.models.gemini import (
    DEVELOPER_API,
    PROJECT,
    VERTEX_AI,
    AdapterProcess,
    GeminiEmulator,
    find_python,
)

pytestmark = pytest.mark.slow

PROMPT = "Tides"
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "Plants"}]}]}
METADATA = "/computeMetadata/v1/instance/service-accounts/default"


def vertex_path(project: str = PROJECT, location: str = "europe-west1") -> str:
    base = f"/v1beta1/projects/{project}/locations/{location}"
    return f"{base}/publishers/google/models/some-model:generateContent"


@pytest.mark.parametrize("location", ["global", "europe-west1", "eu"])
def test_vertex_ai_is_asked_with_the_service_accounts_token(
    location: str, adapter_processes: dict[str, AdapterProcess], gemini: GeminiEmulator
) -> None:
    told = adapter_processes["google-genai"].call(VERTEX_AI, "generate", PROMPT, location=location)
    assert json.loads(told["result"])["slides"]
    assert gemini.last_path == vertex_path(location=location)


def test_an_api_key_in_the_environment_is_no_way_into_vertex_ai(
    gemini: GeminiEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = {
        "client": "google-genai", "action": "generate", "prompt": PROMPT, "source": "",
        "options": {},
        "access": {
            "backend": VERTEX_AI, "endpoint": gemini.url, "project": PROJECT, "location": "global",
        },
    }  # fmt: skip
    host = gemini.url.removeprefix("http://")
    env = {
        "PYTHONPATH": str(ROOT), "CLOUDSDK_CONFIG": str(tmp_path),
        "GCE_METADATA_HOST": host, "GCE_METADATA_IP": host,
        "GEMINI_API_KEY": "stray", "GOOGLE_API_KEY": "stray",
    }  # fmt: skip
    done = subprocess.run(
        [str(find_python("google-genai")), "-m", "tests.fixtures.models.gemini_adapter"],
        env=clean_env(env), input=json.dumps(order) + "\n", capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert "result" in json.loads(done.stdout), done.stdout
    assert gemini.last_path == vertex_path(location="global")


def test_the_developer_api_is_asked_with_the_key(
    adapter_processes: dict[str, AdapterProcess], gemini: GeminiEmulator
) -> None:
    for worker in adapter_processes.values():
        assert "result" in worker.call(DEVELOPER_API, "generate", PROMPT)
        assert gemini.last_path == "/v1beta/models/some-model:generateContent"


def test_a_project_that_does_not_let_the_account_in_is_named(
    adapter_processes: dict[str, AdapterProcess],
) -> None:
    told = adapter_processes["google-genai"].call(
        VERTEX_AI, "generate", PROMPT, project="another-project"
    )
    assert (told["error"], told["permanent"]) == ("model-unavailable", False)
    assert "aiplatform.endpoints.predict" in told["message"]


def test_without_credentials_an_operator_is_asked_for_them(
    gemini: GeminiEmulator, tmp_path: Path
) -> None:
    """Nothing answers at port 1: this is a machine outside of Google Cloud."""
    worker = AdapterProcess("google-genai", gemini.url, tmp_path, metadata_host="127.0.0.1:1")
    told = worker.call(VERTEX_AI, "generate", PROMPT)
    worker.close()
    assert (told["error"], told["permanent"]) == ("model-unavailable", False)
    assert "credentials" in told["message"]


class _NoTokens(BaseHTTPRequestHandler):
    """A metadata server that is there and issues nothing for now."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/" else 503)
        self.send_header("Metadata-Flavor", "Google")
        self.send_header("Content-Length", "0")
        self.end_headers()


# Google's client tries twice five times before it gives up: half a minute.
@pytest.mark.sweep
def test_a_metadata_server_that_is_away_is_waited_for(
    gemini: GeminiEmulator, tmp_path: Path
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _NoTokens)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    worker = AdapterProcess(
        "google-genai", gemini.url, tmp_path, metadata_host=f"127.0.0.1:{server.server_port}"
    )
    try:
        told = worker.call(VERTEX_AI, "generate", PROMPT)
    finally:
        worker.close()
        server.shutdown()
        server.server_close()
    assert (told["error"], told["permanent"]) == ("model-overloaded", False)


def test_what_the_backend_needs_and_has_not_is_named() -> None:
    for access, missing in (
        (GeminiAccess(DEVELOPER_API, "m"), "GEMINI_API_KEY"),
        (GeminiAccess(VERTEX_AI, "m", project="p"), "MOODREEL_VERTEX_LOCATION"),
    ):
        with pytest.raises(ConfigurationError, match=missing):
            create_deck_model("google-genai", access)


def test_a_library_or_backend_that_cannot_be_is_named() -> None:
    key = GeminiAccess(DEVELOPER_API, "m", api_key="k")
    with pytest.raises(ConfigurationError, match="google-genai"):
        create_deck_model("openai", key)
    with pytest.raises(ConfigurationError, match="developer-api"):
        create_deck_model(
            "google-generativeai", GeminiAccess(VERTEX_AI, "m", project="p", location="global")
        )


def test_a_key_is_not_printed() -> None:
    assert "secret" not in repr(GeminiAccess(DEVELOPER_API, "m", api_key="secret"))


def test_the_deprecated_library_is_in_no_default_environment_and_warns_in_its_own() -> None:
    default = requirements_file("slide_generation").read_text()
    assert "\ngoogle-genai==" in default
    for held_back in ("google-generativeai", "google-ai-generativelanguage", "\nprotobuf==5."):
        assert held_back not in default
    own = requirements_file("slide_generation", "google-generativeai").read_text()
    assert "\ngoogle-generativeai==" in own
    assert "google-genai==" not in own
    done = subprocess.run(
        [
            str(find_python("google-generativeai")), "-c",
            "import shared.adapters.gemini.generativeai",
        ],
        env=clean_env({"PYTHONPATH": str(ROOT)}), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "FutureWarning" in done.stderr
    assert "google.generativeai" in done.stderr


@pytest.mark.parametrize("client", ["google-genai", "google-generativeai"])
def test_each_library_is_imported_alone(client: str) -> None:
    """One environment holds one of them."""
    other = {"google-genai": "google.generativeai", "google-generativeai": "google.genai"}[client]
    code = (
        "from shared.adapters.gemini.model import create_deck_model\n"
        "from shared.adapters.gemini.access import GeminiAccess\n"
        "from shared.pipeline import GeminiBackend\n"
        "access = GeminiAccess(GeminiBackend.DEVELOPER_API, 'm', api_key='k')\n"
        f"create_deck_model({client!r}, access)\n"
        f"import importlib.util\nassert importlib.util.find_spec({other!r}) is None\n"
    )
    subprocess.run(
        [str(find_python(client)), "-W", "ignore::FutureWarning", "-c", code],
        env=clean_env({"PYTHONPATH": str(ROOT)}), check=True,
    )  # fmt: skip


# The emulator itself, against the rules of the real services.


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (vertex_path(), {}, 401),
        (vertex_path(), {"Authorization": "Bearer forged"}, 401),
        (vertex_path(), {"x-goog-api-key": "k"}, 401),
        (vertex_path(location="Nowhere!"), {}, 404),
        ("/v1beta1/projects/some-project/models/m:generateContent", {}, 404),
    ],
)
def test_the_emulator_lets_nobody_in_without_a_token_of_its_own(
    path: str, headers: dict[str, str], status: int, gemini: GeminiEmulator
) -> None:
    before = gemini.call_count
    with pytest.raises(urllib.error.HTTPError, match=str(status)):
        gemini.request("POST", path, CONTENTS, **headers)
    assert gemini.call_count == before


def test_a_token_of_the_metadata_server_is_good_for_one_project(gemini: GeminiEmulator) -> None:
    token = gemini.request("GET", f"{METADATA}/token", **{"Metadata-Flavor": "Google"})
    assert token["token_type"] == "Bearer"
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    answer = gemini.request("POST", vertex_path(), CONTENTS, **bearer)
    assert answer["candidates"][0]["finishReason"] == "STOP"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        gemini.request("POST", vertex_path("another-project"), CONTENTS, **bearer)
    # Vertex AI wants a role on each content.
    bare = {"contents": [{"parts": [{"text": "Plants"}]}]}
    with pytest.raises(urllib.error.HTTPError, match="400"):
        gemini.request("POST", vertex_path(), bare, **bearer)


def test_the_metadata_server_answers_no_page(gemini: GeminiEmulator) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        gemini.request("GET", f"{METADATA}/token")
    path = METADATA.replace("default", "somebody@else")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        gemini.request("GET", f"{path}/token", **{"Metadata-Flavor": "Google"})


def test_each_backend_is_spelled_as_the_settings_spell_it() -> None:
    assert [*GeminiBackend] == ["vertex-ai", "developer-api"]
