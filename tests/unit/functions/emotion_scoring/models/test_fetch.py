"""Tests of the model sources, of hash checks, and of adding a classifier as a manifest row."""

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
class FakeModelsBucket:
    """A models bucket with one object."""

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
    """Records log events."""

    events: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def __call__(self, event: str, **details: object) -> None:
        self.events.append((event, details))

    def sources(self, event: str) -> list[object]:
        return [details.get("source") for name, details in self.events if name == event]


def _sources(tmp_path: Path, bucket: FakeModelsBucket | None, log: Log) -> ModelSources:
    store = None if bucket is None else bucket.as_store
    return ModelSources(str(tmp_path / "folder"), str(tmp_path / "cache"), store, log)


def test_manifest_rows_are_complete() -> None:
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


def test_sources_are_tried_in_order(tmp_path: Path) -> None:
    bucket, log = FakeModelsBucket(), Log()
    sources = _sources(tmp_path, bucket, log)
    assert sources.fetch(ROW) == CONTENT
    assert sources.fetch(ROW) == CONTENT, "the second fetch reads the cache"
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / ROW.file).write_bytes(CONTENT)
    assert sources.fetch(ROW) == CONTENT
    assert log.sources("model.found") == ["bucket", "cache", "folder"]
    assert bucket.reads == 1


def test_every_source_rejects_a_wrong_hash(tmp_path: Path) -> None:
    for name in ("folder", "cache"):
        (tmp_path / name).mkdir()
        (tmp_path / name / ROW.file).write_bytes(b"x" * len(CONTENT))
    log = Log()
    assert _sources(tmp_path, FakeModelsBucket(b"y" * len(CONTENT)), log).fetch(ROW) is None
    assert log.sources("model.refused") == ["folder", "cache", "bucket"]


def test_oversized_file_is_not_read(tmp_path: Path) -> None:
    bucket = FakeModelsBucket(CONTENT * 1000)
    assert _sources(tmp_path, bucket, Log()).fetch(ROW) is None
    assert bucket.reads == 0


def test_missing_emotion_model_raises_no_emotion_model(tmp_path: Path) -> None:
    sources = ModelSources(str(tmp_path), "", None, Log(), allow_download=False)
    with pytest.raises(NoEmotionModel, match="models bucket"):
        Scorer.load(sources)


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
        """Suppresses the access log."""


@pytest.fixture
def authors_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yields `localhost:port` of an https server whose certificate this process trusts."""
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


def test_download_checks_hash_and_size(authors_host: str) -> None:
    hosts = frozenset({authors_host})
    assert download_file(_file(f"https://{authors_host}/good"), hosts=hosts) == CONTENT
    wrong_hash = replace(_file(f"https://{authors_host}/good"), sha256="0" * 64)
    with pytest.raises(ModelDownloadFailed, match="hash"):
        download_file(wrong_hash, hosts=hosts)
    with pytest.raises(ModelDownloadFailed, match="longer"):
        download_file(_file(f"https://{authors_host}/large"), hosts=hosts)


def test_download_does_not_follow_redirects(authors_host: str) -> None:
    with pytest.raises(ModelDownloadFailed, match="302"):
        download_file(_file(f"https://{authors_host}/moved"), hosts=frozenset({authors_host}))


def test_download_rejects_untrusted_certificate(
    authors_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", ssl.get_default_verify_paths().openssl_cafile)
    with pytest.raises(ModelDownloadFailed, match="certificate"):
        download_file(_file(f"https://{authors_host}/good"), hosts=frozenset({authors_host}))


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
def test_download_allows_only_https_from_known_hosts(url: str) -> None:
    with pytest.raises(ModelDownloadFailed, match="allowed host"):
        download_file(_file(url))


# --- classifiers as manifest rows -------------------------------------------------------------


def test_colour_classifier_with_logits_needs_only_a_row() -> None:
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
    (probabilities,) = Classifier(row, make_colour_model()).classify([crop], mirror=False)
    logits = np.zeros(8)
    logits[:3] = (np.array([200, 100, 10]) / 255 - mean) / std
    expected = np.exp(logits) / np.exp(logits).sum()
    assert probabilities == pytest.approx(tuple(expected), abs=1e-4)


def test_network_with_other_number_of_classes_is_rejected() -> None:
    row = replace(ROW, colour="rgb", input_px=32, scaling=Scaling((0.0,) * 3, (1.0,) * 3))
    with pytest.raises(ValueError, match="returned"):
        Classifier(row, make_colour_model()).classify(
            [np.zeros((40, 40, 3), np.uint8)], mirror=False
        )


def test_published_yunet_has_the_hash_of_the_manifest() -> None:
    assert YUNET.public_file is not None
    assert YUNET.public_file.sha256 == YUNET.sha256


# --- models in results ------------------------------------------------------------------------


def test_result_has_measured_accuracy_and_calibration() -> None:
    plain, mirrored = (XCEPTION_PAIR.describe(mirror=mirror) for mirror in (False, True))
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


def test_result_marks_figures_that_were_not_measured() -> None:
    evaluation = MINI_XCEPTION.describe(mirror=True)["evaluation"]
    assert evaluation["accuracy"] == "65.9 %"
    for name in ("accuracy_mirrored", "ece", "ece_mirrored"):
        assert evaluation[name] == NOT_MEASURED
    assert "mirror" not in YUNET.describe(mirror=True)
