"""Authorization of Gemini requests: a service account's token or an API key, never both."""

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


def make_vertex_path(project: str = PROJECT, location: str = "europe-west1") -> str:
    base = f"/v1beta1/projects/{project}/locations/{location}"
    return f"{base}/publishers/google/models/some-model:generateContent"


@pytest.mark.parametrize("location", ["global", "europe-west1", "eu"])
def test_vertex_ai_receives_the_service_account_token(
    location: str, adapter_processes: dict[str, AdapterProcess], gemini: GeminiEmulator
) -> None:
    response = adapter_processes["google-genai"].call(
        VERTEX_AI, "generate", PROMPT, location=location
    )
    assert json.loads(response["result"])["slides"]
    assert gemini.last_path == make_vertex_path(location=location)


def test_vertex_ai_ignores_api_keys_in_the_environment(
    gemini: GeminiEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = {
        "client": "google-genai", "action": "generate", "prompt": PROMPT, "source": "",
        "options": {},
        "access": {
            "backend": VERTEX_AI, "model": "some-model", "endpoint": gemini.url,
            "project": PROJECT, "location": "global",
        },
    }  # fmt: skip
    host = gemini.url.removeprefix("http://")
    env = {
        "PYTHONPATH": str(ROOT), "CLOUDSDK_CONFIG": str(tmp_path),
        "GCE_METADATA_HOST": host, "GCE_METADATA_IP": host,
        "GEMINI_API_KEY": "stray", "GOOGLE_API_KEY": "stray",
    }  # fmt: skip
    result = subprocess.run(
        [str(find_python("google-genai")), "-m", "tests.fixtures.models.gemini_adapter"],
        env=clean_env(env), input=json.dumps(request) + "\n", capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert "result" in json.loads(result.stdout), result.stdout
    assert gemini.last_path == make_vertex_path(location="global")


def test_developer_api_receives_the_key(
    adapter_processes: dict[str, AdapterProcess], gemini: GeminiEmulator
) -> None:
    for worker in adapter_processes.values():
        assert "result" in worker.call(DEVELOPER_API, "generate", PROMPT)
        assert gemini.last_path == "/v1beta/models/some-model:generateContent"


def test_missing_permission_is_named_in_the_error(
    adapter_processes: dict[str, AdapterProcess],
) -> None:
    response = adapter_processes["google-genai"].call(
        VERTEX_AI, "generate", PROMPT, project="another-project"
    )
    assert (response["error"], response["permanent"]) == ("model-unavailable", False)
    assert "aiplatform.endpoints.predict" in response["message"]


def test_missing_credentials_are_named_in_the_error(gemini: GeminiEmulator, tmp_path: Path) -> None:
    """No server listens at port 1: this is a machine outside of Google Cloud."""
    worker = AdapterProcess("google-genai", gemini.url, tmp_path, metadata_host="127.0.0.1:1")
    response = worker.call(VERTEX_AI, "generate", PROMPT)
    worker.close()
    assert (response["error"], response["permanent"]) == ("model-unavailable", False)
    assert "credentials" in response["message"]


class _NoTokens(BaseHTTPRequestHandler):
    """A metadata server that responds, but issues no tokens."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/" else 503)
        self.send_header("Metadata-Flavor", "Google")
        self.send_header("Content-Length", "0")
        self.end_headers()


# Google's client makes twice five attempts, which takes half a minute.
@pytest.mark.sweep
def test_unavailable_metadata_server_counts_as_overloaded(
    gemini: GeminiEmulator, tmp_path: Path
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _NoTokens)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    worker = AdapterProcess(
        "google-genai", gemini.url, tmp_path, metadata_host=f"127.0.0.1:{server.server_port}"
    )
    try:
        response = worker.call(VERTEX_AI, "generate", PROMPT)
    finally:
        worker.close()
        server.shutdown()
        server.server_close()
    assert (response["error"], response["permanent"]) == ("model-overloaded", False)


def test_missing_settings_are_named_in_the_error() -> None:
    for access, missing in (
        (GeminiAccess(DEVELOPER_API, "m"), "GEMINI_API_KEY"),
        (GeminiAccess(VERTEX_AI, "m", project="p"), "MOODREEL_VERTEX_LOCATION"),
    ):
        with pytest.raises(ConfigurationError, match=missing):
            create_deck_model("google-genai", access)


def test_unsupported_library_or_backend_is_named_in_the_error() -> None:
    key = GeminiAccess(DEVELOPER_API, "m", api_key="k")
    with pytest.raises(ConfigurationError, match="google-genai"):
        create_deck_model("openai", key)
    with pytest.raises(ConfigurationError, match="developer-api"):
        create_deck_model(
            "google-generativeai", GeminiAccess(VERTEX_AI, "m", project="p", location="global")
        )


def test_repr_hides_the_key() -> None:
    assert "secret" not in repr(GeminiAccess(DEVELOPER_API, "m", api_key="secret"))


def test_deprecated_library_has_its_own_environment_and_warns() -> None:
    default = requirements_file("slide_generation").read_text()
    assert "\ngoogle-genai==" in default
    for package in ("google-generativeai", "google-ai-generativelanguage", "\nprotobuf==5."):
        assert package not in default
    requirements = requirements_file("slide_generation", "google-generativeai").read_text()
    assert "\ngoogle-generativeai==" in requirements
    assert "google-genai==" not in requirements
    result = subprocess.run(
        [
            str(find_python("google-generativeai")), "-c",
            "import shared.adapters.gemini.generativeai",
        ],
        env=clean_env({"PYTHONPATH": str(ROOT)}), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "FutureWarning" in result.stderr
    assert "google.generativeai" in result.stderr


@pytest.mark.parametrize("client", ["google-genai", "google-generativeai"])
def test_each_library_is_imported_alone(client: str) -> None:
    """Each environment contains one of the libraries."""
    other_package = {"google-genai": "google.generativeai", "google-generativeai": "google.genai"}[
        client
    ]
    code = (
        "from shared.adapters.gemini.model import create_deck_model\n"
        "from shared.adapters.gemini.access import GeminiAccess\n"
        "from shared.pipeline import GeminiBackend\n"
        "access = GeminiAccess(GeminiBackend.DEVELOPER_API, 'm', api_key='k')\n"
        f"create_deck_model({client!r}, access)\n"
        f"import importlib.util\nassert importlib.util.find_spec({other_package!r}) is None\n"
    )
    subprocess.run(
        [str(find_python(client)), "-W", "ignore::FutureWarning", "-c", code],
        env=clean_env({"PYTHONPATH": str(ROOT)}), check=True,
    )  # fmt: skip


# The emulator, compared with the rules of the real services.


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (make_vertex_path(), {}, 401),
        (make_vertex_path(), {"Authorization": "Bearer forged"}, 401),
        (make_vertex_path(), {"x-goog-api-key": "k"}, 401),
        (make_vertex_path(location="Nowhere!"), {}, 404),
        ("/v1beta1/projects/some-project/models/m:generateContent", {}, 404),
    ],
)
def test_emulator_requires_its_own_token(
    path: str, headers: dict[str, str], status: int, gemini: GeminiEmulator
) -> None:
    call_count = gemini.call_count
    with pytest.raises(urllib.error.HTTPError, match=str(status)):
        gemini.request("POST", path, CONTENTS, **headers)
    assert gemini.call_count == call_count


def test_token_is_valid_for_one_project(gemini: GeminiEmulator) -> None:
    token = gemini.request("GET", f"{METADATA}/token", **{"Metadata-Flavor": "Google"})
    assert token["token_type"] == "Bearer"
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    response = gemini.request("POST", make_vertex_path(), CONTENTS, **bearer)
    assert response["candidates"][0]["finishReason"] == "STOP"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        gemini.request("POST", make_vertex_path("another-project"), CONTENTS, **bearer)
    # Vertex AI requires a role for each content.
    without_role = {"contents": [{"parts": [{"text": "Plants"}]}]}
    with pytest.raises(urllib.error.HTTPError, match="400"):
        gemini.request("POST", make_vertex_path(), without_role, **bearer)


def test_metadata_server_requires_its_header_and_account(gemini: GeminiEmulator) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        gemini.request("GET", f"{METADATA}/token")
    path = METADATA.replace("default", "somebody@else")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        gemini.request("GET", f"{path}/token", **{"Metadata-Flavor": "Google"})


def test_backends_have_the_names_of_the_settings() -> None:
    assert [*GeminiBackend] == ["vertex-ai", "developer-api"]
