"""Where models come from, that only their hash counts, and that another one is a row."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from functions.emotion_scoring.faces.classification import Classifier
from functions.emotion_scoring.faces.detection import DETECTORS
from functions.emotion_scoring.faces.scorer import NoEmotionModel, Scorer
from functions.emotion_scoring.models.download import ModelDownloadFailed, download_file, sha256_of
from functions.emotion_scoring.models.fetch import ModelSources
from functions.emotion_scoring.models.manifest import (
    ALLOWED_HOSTS,
    MINI_XCEPTION,
    MODELS,
    NOT_MEASURED,
    WHEEL_FILES,
    XCEPTION_PAIR,
    YUNET,
    Model,
    PublicFile,
    Scaling,
)
from infra.local.emulators.gcs.certificate import load_server_context
from shared.pipeline import Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject
from tests.fakes.emotion_models import make_colour_model

CONTENT = b"weights" * 100
ROW = replace(
    MINI_XCEPTION, sha256=sha256_of(CONTENT), file="m.onnx", max_bytes=len(CONTENT), source_files=()
)


@dataclass
class Shelf:
    """The models bucket with one object in it."""

    content: bytes = CONTENT
    reads: int = 0

    def stat(self, bucket: Bucket, name: str) -> StoredObject:
        assert bucket is Bucket.MODELS
        return StoredObject(bucket, name, 5, len(self.content), "", "", "")

    def range_reader(
        self, _bucket: Bucket, _name: str, _generation: int
    ) -> Callable[[int, int], bytes]:
        self.reads += 1
        return lambda offset, length: self.content[offset : offset + length]

    @property
    def as_store(self) -> ObjectStore:
        return self  # type: ignore[return-value]


@dataclass
class Log:
    """What was said."""

    said: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def __call__(self, event: str, **details: object) -> None:
        self.said.append((event, details))

    def places(self, event: str) -> list[object]:
        return [details.get("place") for one, details in self.said if one == event]


def _places(tmp_path: Path, shelf: Shelf | None, log: Log) -> ModelSources:
    store = None if shelf is None else shelf.as_store
    return ModelSources(str(tmp_path / "folder"), str(tmp_path / "cache"), store, log)


def test_the_manifest_is_complete() -> None:
    for model in MODELS:
        assert len(model.sha256) == 64
        assert model.licence
        sources = [model.public_file] if model.public_file else list(model.source_files)
        assert sources or model.wheel_file
        if model.wheel_file:
            assert model.wheel_file.sha256 == model.sha256
            assert model.wheel_file in WHEEL_FILES
        for source in sources:
            assert source.url.split("/")[2] in ALLOWED_HOSTS
            assert source.url.startswith("https://")
        if model.role == "detector":
            assert model.name in DETECTORS
        else:
            assert len(model.classes) == len(set(model.classes)) > 1
            assert model.input_px > 0
            assert all(name == name.lower() for name in model.classes)


def test_places_are_asked_in_their_order(tmp_path: Path) -> None:
    shelf, log = Shelf(), Log()
    places = _places(tmp_path, shelf, log)
    assert places.fetch(ROW) == CONTENT
    assert places.fetch(ROW) == CONTENT, "the second time out of the cache"
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / ROW.file).write_bytes(CONTENT)
    assert places.fetch(ROW) == CONTENT
    assert log.places("model.found") == ["bucket", "cache", "folder"]
    assert shelf.reads == 1


def test_a_wrong_hash_is_refused_wherever_it_lies(tmp_path: Path) -> None:
    for name in ("folder", "cache"):
        (tmp_path / name).mkdir()
        (tmp_path / name / ROW.file).write_bytes(b"x" * len(CONTENT))
    log = Log()
    assert _places(tmp_path, Shelf(b"y" * len(CONTENT)), log).fetch(ROW) is None
    assert log.places("model.refused") == ["folder", "cache", "bucket"]


def test_a_file_that_is_far_too_large_is_not_read(tmp_path: Path) -> None:
    shelf = Shelf(CONTENT * 1000)
    assert _places(tmp_path, shelf, Log()).fetch(ROW) is None
    assert shelf.reads == 0


def test_without_any_emotion_model_the_cause_is_named(tmp_path: Path) -> None:
    places = ModelSources(str(tmp_path), "", None, Log(), allow_download=False)
    with pytest.raises(NoEmotionModel, match="models bucket"):
        Scorer.load(places)


# --- over https ------------------------------------------------------------------------------


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/good")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = CONTENT if self.path == "/good" else CONTENT + b"more"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def authors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The authors' server: `localhost:port`, with a certificate that this process trusts."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.socket = load_server_context(tmp_path).wrap_socket(server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls.pem"))
    monkeypatch.setenv("no_proxy", "localhost")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"localhost:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def _file(url: str) -> PublicFile:
    return PublicFile(url, sha256_of(CONTENT), len(CONTENT))


def test_a_published_file_is_fetched_and_checked(authors: str) -> None:
    hosts = frozenset({authors})
    assert download_file(_file(f"https://{authors}/good"), hosts=hosts) == CONTENT
    other = replace(_file(f"https://{authors}/good"), sha256="0" * 64)
    with pytest.raises(ModelDownloadFailed, match="hash"):
        download_file(other, hosts=hosts)
    with pytest.raises(ModelDownloadFailed, match="longer"):
        download_file(_file(f"https://{authors}/large"), hosts=hosts)


def test_a_redirect_is_not_followed(authors: str) -> None:
    with pytest.raises(ModelDownloadFailed, match="302"):
        download_file(_file(f"https://{authors}/moved"), hosts=frozenset({authors}))


def test_a_server_whose_certificate_nobody_vouches_for_is_not_believed(
    authors: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", ssl.get_default_verify_paths().openssl_cafile)
    with pytest.raises(ModelDownloadFailed, match="certificate"):
        download_file(_file(f"https://{authors}/good"), hosts=frozenset({authors}))


@pytest.mark.parametrize(
    "url",
    [
        "http://raw.githubusercontent.com/a",
        "https://169.254.169.254/computeMetadata",
        "https://raw.githubusercontent.com:8443/a",
        "https://raw.githubusercontent.com@evil.test/a",
        "file:///etc/passwd",
    ],
)
def test_only_https_addresses_of_known_hosts_are_asked(url: str) -> None:
    with pytest.raises(ModelDownloadFailed, match="known host"):
        download_file(_file(url))


# --- another model is a row ------------------------------------------------------------------


def test_a_colour_classifier_with_other_classes_and_logits_is_only_a_row() -> None:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    row = Model(
        name="colours",
        role="classifier",
        file="colours.onnx",
        sha256="",
        max_bytes=1 << 20,
        licence="none",
        credit="this test",
        input_px=32,
        colour="rgb",
        scaling=Scaling(mean, std),
        classes=tuple("abcdefgh"),
        output="logits",
    )
    crop = np.empty((50, 50, 3), np.uint8)
    crop[:] = (10, 100, 200)  # blue, green, red
    (told,) = Classifier(row, make_colour_model()).classify([crop], mirror=False)
    logits = np.zeros(8)
    logits[:3] = (np.array([200, 100, 10]) / 255 - mean) / std
    expected = np.exp(logits) / np.exp(logits).sum()
    assert told == pytest.approx(tuple(expected), abs=1e-4)


def test_a_network_that_gives_another_number_of_classes_is_refused() -> None:
    row = replace(ROW, colour="rgb", input_px=32, scaling=Scaling((0.0,) * 3, (1.0,) * 3))
    with pytest.raises(ValueError, match="gave"):
        Classifier(row, make_colour_model()).classify(
            [np.zeros((40, 40, 3), np.uint8)], mirror=False
        )


def test_yunet_is_preferred_and_published_as_it_is() -> None:
    assert YUNET.public_file is not None
    assert YUNET.public_file.sha256 == YUNET.sha256


# --- what a result says of a model -----------------------------------------------------------


def test_accuracy_and_calibration_are_given_as_they_were_measured() -> None:
    plain, mirrored = (XCEPTION_PAIR.describe(mirror=one) for one in (False, True))
    assert (plain["mirror"], mirrored["mirror"]) == (False, True)
    assert plain["evaluation"] == mirrored["evaluation"]
    evaluation = plain["evaluation"]
    assert evaluation.pop("data").startswith("FER2013 private test (3,589 faces)")
    assert evaluation == {
        "accuracy": "69.6 %",
        "accuracy_mirrored": "69.9 %",
        "ece": "0.020",
        "ece_mirrored": NOT_MEASURED,
    }


def test_a_figure_that_nobody_measured_is_given_as_such() -> None:
    evaluation = MINI_XCEPTION.describe(mirror=True)["evaluation"]
    assert evaluation["accuracy"] == "65.9 %"
    for name in ("accuracy_mirrored", "ece", "ece_mirrored"):
        assert evaluation[name] == NOT_MEASURED
    assert "mirror" not in YUNET.describe(mirror=True)
