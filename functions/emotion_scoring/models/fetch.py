"""Where a model's bytes come from. Whatever the place, only the hash of the manifest counts."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from functions.emotion_scoring.models.download import ModelDownloadFailed, download_file, sha256_of
from functions.emotion_scoring.models.manifest import Model, Role, models_for_role
from shared.pipeline import Bucket
from shared.ports.objects import ObjectStore


@dataclass(frozen=True)
class ModelSources:
    """Where to look, in this order: a folder that is pointed to, the local cache, the models
    bucket, the authors' own address. An empty string leaves a folder out."""

    folder: str
    cache: str
    objects: ObjectStore | None
    log: Callable[..., None]
    allow_download: bool = True

    def fetch(self, model: Model) -> bytes | None:
        """The model's bytes, or None when no place has them. A fault of the bucket goes through:
        the model may well be there."""
        for place, data in self._offers(model):
            if sha256_of(data) == model.sha256:
                if place in ("bucket", "public"):
                    self._keep(model, data)
                self.log("model.found", model=model.name, place=place)
                return data
            self.log(
                "model.refused", severity="ERROR", model=model.name, place=place, reason="hash"
            )
        return None

    def fetch_preferred(self, role: Role) -> tuple[Model, bytes] | None:
        """The preferred model of a role that can be had."""
        for model in models_for_role(role):
            data = self.fetch(model)
            if data is not None:
                return model, data
        return None

    def _offers(self, model: Model) -> Iterator[tuple[str, bytes]]:
        for place, folder in (("folder", self.folder), ("cache", self.cache)):
            data = _read(Path(folder) / model.file, model.max_bytes) if folder else None
            if data is not None:
                yield place, data
        stored = None if self.objects is None else self.objects.stat(Bucket.MODELS, model.file)
        if stored is not None and self.objects is not None:
            if stored.size_bytes <= model.max_bytes:
                read = self.objects.range_reader(Bucket.MODELS, model.file, stored.generation)
                yield "bucket", read(0, stored.size_bytes)
            else:
                self.log("model.refused", severity="ERROR", model=model.name, reason="size")
        if self.allow_download and model.public_file is not None:
            try:
                yield "public", download_file(model.public_file)
            except ModelDownloadFailed as lost:
                self.log(
                    "model.unreachable", severity="WARNING", model=model.name, reason=str(lost)
                )

    def _keep(self, model: Model, data: bytes) -> None:
        """Into the cache, whole or not at all; several processes may do so at once."""
        if not self.cache:
            return
        # A cache that cannot be written only costs the next start some time.
        with contextlib.suppress(OSError):
            folder = Path(self.cache)
            folder.mkdir(parents=True, exist_ok=True)
            draft = folder / f".{model.file}.{os.getpid()}"
            draft.write_bytes(data)
            draft.replace(folder / model.file)


def _read(path: Path, max_bytes: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError:
        return None
