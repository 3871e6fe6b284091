"""Downloads the files of the emulators' models from their publisher."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from functions.emotion_scoring.models.download import ModelDownloadFailed, download_file
from functions.emotion_scoring.models.manifest import PublicFile
from infra.local.emulators.model_files import PUBLISHER_HOSTS, find_files, paths_in
from infra.local.setup.installs import Report

_TIMEOUT_S = 600.0


def download_missing_files(
    label: str,
    files: Sequence[PublicFile],
    folder: Path,
    *,
    folder_setting: str,
    consequence: str,
    report: Report,
) -> None:
    """Downloads the files of a model unless they are in `folder`, or in the folder that the setting
    names. A failure is only reported, with its consequence."""
    given = os.environ.get(folder_setting)
    if find_files([Path(given), folder] if given else [folder], files):
        return
    report(f"Downloading the {label} …")
    try:
        download_files(files, folder)
    except ModelDownloadFailed as error:
        report(f"Could not download the {label}; {consequence}. {error}")


def download_files(files: Sequence[PublicFile], folder: Path) -> None:
    """Writes the files into a folder. Raises ModelDownloadFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, path in zip(files, paths_in(folder, files), strict=True):
        data = download_file(
            file, hosts=PUBLISHER_HOSTS, follows_redirects=True, timeout_s=_TIMEOUT_S
        )
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_bytes(data)
        draft.replace(path)
