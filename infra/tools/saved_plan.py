"""Terraform plans between review and apply: archives that are named by their SHA-256.

python -m infra.tools.saved_plan save FILE BUCKET            uploads an archive, prints its SHA-256
python -m infra.tools.saved_plan fetch SHA256 BUCKET FOLDER  downloads, verifies and extracts one
python -m infra.tools.saved_plan tested FILE PROJECT REGION  fails if no tests of the commit passed
python -m infra.tools.saved_plan download BUCKET NAME FILE   downloads an object
python -m infra.tools.saved_plan upload FILE BUCKET NAME     uploads an object

The apply trigger contains the text of this file and runs it with `python -c`, before it has any
other code. So it imports the standard library only, and has no dollar sign, which Cloud Build would
replace.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import re
import sys
import tarfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

TIMEOUT_S = 300
BLOCK_BYTES = 1 << 20
MAX_PAGES = 20
"""Pages of 100 builds, newest first, that are searched for the tests of a commit."""
TESTER = "mr-tester"
TEST_TRIGGER = "moodreel-test"
BRANCH = "main"


@dataclass(frozen=True)
class Cloud:
    """Google's APIs, called with the account of the build."""

    storage: str = "https://storage.googleapis.com"
    builds: str = "https://cloudbuild.googleapis.com"
    metadata: str = "http://metadata.google.internal"

    def open(
        self, method: str, url: str, data: Any = None, headers: Mapping[str, str] | None = None
    ) -> http.client.HTTPResponse:
        """Sends a request. Raises HTTPError for a status of 400 or more."""
        token = f"{self.metadata}/computeMetadata/v1/instance/service-accounts/default/token"
        with _open("GET", token, None, {"Metadata-Flavor": "Google"}) as response:
            access = json.load(response)["access_token"]
        return _open(method, url, data, {"Authorization": f"Bearer {access}", **(headers or {})})

    def upload(self, source: Path, bucket: str, name: str, *, only_new: bool) -> None:
        """Uploads a file. With `only_new`, fails if the object exists: creating needs no right to
        replace or read."""
        query = {"uploadType": "media", "name": name}
        if only_new:
            query["ifGenerationMatch"] = "0"
        url = f"{self.storage}/upload/storage/v1/b/{quote(bucket)}/o?{urlencode(query)}"
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(source.stat().st_size),
        }
        with source.open("rb") as file:
            self.open("POST", url, file, headers).close()

    def download(self, bucket: str, name: str, target: Path) -> str:
        """Downloads an object into a file. Returns the SHA-256 of its bytes."""
        digest = hashlib.sha256()
        url = f"{self.storage}/storage/v1/b/{quote(bucket)}/o/{quote(name, safe='')}?alt=media"
        with self.open("GET", url) as response, target.open("wb") as file:
            while block := response.read(BLOCK_BYTES):
                digest.update(block)
                file.write(block)
        return digest.hexdigest()

    def has_passed_tests(self, commit: str, project: str, region: str) -> bool:
        """Whether a build of the test trigger succeeded for this commit on the branch main, with
        the tester's account."""
        url = f"{self.builds}/v1/projects/{project}/locations/{region}/builds"
        query = {"filter": 'status="SUCCESS"', "pageSize": "100"}
        for _ in range(MAX_PAGES):
            with self.open("GET", f"{url}?{urlencode(query)}") as response:
                page = json.load(response)
            if any(_is_passed_test(build, commit, project) for build in page.get("builds", [])):
                return True
            if not page.get("nextPageToken"):
                return False
            query["pageToken"] = page["nextPageToken"]
        return False


def _is_passed_test(build: Mapping[str, Any], commit: str, project: str) -> bool:
    values = build.get("substitutions", {})
    account = f"/{TESTER}@{project}.iam.gserviceaccount.com"
    return (
        build.get("status") == "SUCCESS"
        and str(build.get("serviceAccount")).endswith(account)
        and values.get("TRIGGER_NAME") == TEST_TRIGGER
        and values.get("BRANCH_NAME") == BRANCH
        and values.get("COMMIT_SHA") == commit
    )


def _open(method: str, url: str, data: Any, headers: Mapping[str, str]) -> http.client.HTTPResponse:
    request = urllib.request.Request(  # noqa: S310 - the addresses of `Cloud` only
        url, data=data, headers=dict(headers), method=method
    )
    response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310 - as above  # nosec B310
    return response


def save(archive: Path, bucket: str, cloud: Cloud) -> str:
    """Uploads the archive of a plan under its SHA-256, which it returns."""
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    try:
        cloud.upload(archive, bucket, f"{digest}.tgz", only_new=True)
    except urllib.error.HTTPError as error:
        # An object with this name has the same content.
        if error.code != http.client.PRECONDITION_FAILED:
            raise
    return digest


def fetch(digest: str, bucket: str, folder: Path, cloud: Cloud) -> None:
    """Downloads the archive of a plan into a new folder. Exits if its SHA-256 is another one."""
    if not re.fullmatch("[0-9a-f]{64}", digest):
        sys.exit(f"_PLAN is not the SHA-256 of a saved plan (64 digits, lower case): {digest!r}")
    archive = folder.with_suffix(".tgz")
    found = cloud.download(bucket, f"{digest}.tgz", archive)
    if found != digest:
        archive.unlink()
        sys.exit(f"The saved plan was changed: its SHA-256 is {found}, not {digest}.")
    folder.mkdir()
    with tarfile.open(archive) as entries:
        entries.extractall(folder, filter="data")


def main(arguments: list[str] | None = None, cloud: Cloud = Cloud()) -> int:
    """Runs one command. Returns 0 on success."""
    parser = argparse.ArgumentParser(prog="saved_plan", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, parameters in {
        "save": ("file", "bucket"),
        "fetch": ("digest", "bucket", "folder"),
        "tested": ("file", "project", "region"),
        "download": ("bucket", "name", "file"),
        "upload": ("file", "bucket", "name"),
    }.items():
        command = commands.add_parser(name)
        for parameter in parameters:
            command.add_argument(parameter)
    commands.choices["download"].add_argument("--optional", action="store_true")
    args = parser.parse_args(arguments)
    try:
        return _run(args, cloud)
    except urllib.error.HTTPError as error:
        if error.code == http.client.NOT_FOUND and getattr(args, "optional", False):
            Path(args.file).unlink(missing_ok=True)
            return 0
        sys.exit(f"{error.url.partition('?')[0]}: {error.code} {error.reason}")


def _run(args: argparse.Namespace, cloud: Cloud) -> int:
    if args.command == "save":
        sys.stdout.write(f"{save(Path(args.file), args.bucket, cloud)}\n")
    elif args.command == "fetch":
        fetch(args.digest, args.bucket, Path(args.folder), cloud)
        sys.stdout.write(f"The saved plan has the reviewed SHA-256 {args.digest}.\n")
    elif args.command == "tested":
        commit = Path(args.file).read_text().strip()
        if not cloud.has_passed_tests(commit, args.project, args.region):
            sys.exit(f"No successful build of {TEST_TRIGGER} tested commit {commit}.")
        sys.stdout.write(f"The tests of commit {commit} passed.\n")
    elif args.command == "download":
        cloud.download(args.bucket, args.name, Path(args.file))
    else:
        cloud.upload(Path(args.file), args.bucket, args.name, only_new=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
