"""Fetches the bytes of models. A file is used only if its SHA-256 matches the manifest."""

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
    """The sources of models, in the order in which they are tried.

    Attributes:
        folder: A folder with models; "" for none.
        cache: The local cache folder; "" for none.
        objects: The object store with the models bucket; None for none.
        log: Writes a log event.
        allow_download: Whether models may be downloaded from their publisher's URL.
    """

    folder: str
    cache: str
    objects: ObjectStore | None
    log: Callable[..., None]
    allow_download: bool = True

    def fetch(self, model: Model) -> bytes | None:
        """Returns the model's bytes, or None if no source has them.

        Errors of the bucket are raised, because the bucket may have the model.
        """
        for source, data in self._read_sources(model):
            if sha256_of(data) == model.sha256:
                if source in ("bucket", "public"):
                    self._write_cache(model, data)
                self.log("model.found", model=model.name, source=source)
                return data
            self.log(
                "model.refused", severity="ERROR", model=model.name, source=source, reason="hash"
            )
        return None

    def fetch_preferred(self, role: Role) -> tuple[Model, bytes] | None:
        """Returns the first available model of a role in the order of preference, or None."""
        for model in models_for_role(role):
            data = self.fetch(model)
            if data is not None:
                return model, data
        return None

    def _read_sources(self, model: Model) -> Iterator[tuple[str, bytes]]:
        """Yields (name of the source, bytes) for each source that has the file."""
        for source, folder in (("folder", self.folder), ("cache", self.cache)):
            data = _read(Path(folder) / model.file, model.max_bytes) if folder else None
            if data is not None:
                yield source, data
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
            except ModelDownloadFailed as error:
                self.log(
                    "model.unreachable", severity="WARNING", model=model.name, reason=str(error)
                )

    def _write_cache(self, model: Model, data: bytes) -> None:
        """Writes the model to the cache atomically; several processes may do so at once."""
        if not self.cache:
            return
        # A failed write is ignored: it only makes the next start slower.
        with contextlib.suppress(OSError):
            folder = Path(self.cache)
            folder.mkdir(parents=True, exist_ok=True)
            temporary = folder / f".{model.file}.{os.getpid()}"
            temporary.write_bytes(data)
            temporary.replace(folder / model.file)


def _read(path: Path, max_bytes: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError:
        return None
