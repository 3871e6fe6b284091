"""Tests of the model sources: their order, hash checks, and a missing model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from functions.emotion_scoring.faces.scorer import NoEmotionModel, Scorer
from functions.emotion_scoring.models.download import sha256_of
from functions.emotion_scoring.models.fetch import ModelSources
from functions.emotion_scoring.models.manifest import MINI_XCEPTION
from shared.pipeline import Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject

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
