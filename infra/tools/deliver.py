"""What Cloud Build does around Terraform: remember what is deployed, and look at it from outside.

python -m infra.tools.deliver bundle FILE        all that an apply needs, to go back to some day
python -m infra.tools.deliver smoke URL …        whether a deployment answers as it should
"""

from __future__ import annotations

import argparse
import json
import sys
import tarfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from infra.local.suite.http import Response, request

ROOT = Path(__file__).parents[2]
BUNDLE_PATHS = (
    "infra/terraform",
    "infra/storage.json",
    "infra/firestore.rules",
    "infra/firestore.indexes.json",
    ".local/packages",
)
EXCLUDED_SUFFIXES = (".terraform", "terraform.tfvars", ".tfplan", ".tfstate")
"""What belongs to one run of Terraform, or to the operator."""
RETRY_DELAY_S = 10

SendRequest = Callable[..., Response]


def write_bundle(target: Path, root: Path = ROOT) -> None:
    """Everything that was applied: Terraform's files, what they read, and the packages."""
    with tarfile.open(target, "w:gz") as archive:
        for name in BUNDLE_PATHS:
            archive.add(root / name, name, filter=_deployed)


def _deployed(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if entry.name.endswith(EXCLUDED_SUFFIXES) else entry


def find_problems(
    url: str, functions: Iterable[str] = (), send: SendRequest = request
) -> list[str]:
    """What is wrong with the deployment at `url`; empty when nothing is. `functions` are URLs that
    must not answer anybody outside."""
    wrong: list[str] = []

    def expect(what: str, holds: bool) -> None:
        if not holds:
            wrong.append(what)

    try:
        health = send("GET", f"{url}/healthz")
        expect(f"/healthz answers {health.status}, not 200", health.status == 200)
        expect("/healthz says nothing of being ok", health.body == b'{"status":"ok"}')
        sniff = health.headers.get("X-Content-Type-Options")
        expect("answers carry no security headers", sniff == "nosniff")
        jobs = send("GET", f"{url}/v1/jobs")
        expect(f"jobs are listed to strangers ({jobs.status}, not 401)", jobs.status == 401)
        kind = jobs.headers.get("Content-Type", "").partition(";")[0]
        expect(f"a refusal is {kind}, not a problem", kind == "application/problem+json")
        forged = {"Authorization": "Bearer forged"}
        status = send("GET", f"{url}/v1/jobs", headers=forged).status
        expect(f"a forged token is answered {status}, not 401", status == 401)
        recipes = send("GET", f"{url}/v1/recipes", headers=forged)
        expect("recipes are told with an error of ours", recipes.status < 500)
        if url.startswith("https:"):
            plain = send("GET", f"http://{urlsplit(url).hostname}/healthz")
            expect("something is served in the clear", plain.status in (301, 308))
    except OSError as nobody:
        return [f"nobody answers at {url}: {nobody}"]
    for function in functions:
        try:
            status = send("POST", function, {}).status
        except OSError:
            continue
        expect(f"{function} lets strangers in ({status})", status in (401, 403, 404))
    return wrong


def smoke_test(url: str, functions: Iterable[str], timeout_s: float) -> list[str]:
    """Look until nothing is wrong or patience ends; → what is wrong then."""
    functions, limit = list(functions), time.monotonic() + timeout_s
    while (wrong := find_problems(url, functions)) and time.monotonic() < limit:
        time.sleep(RETRY_DELAY_S)
    return wrong


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when all is well."""
    parser = argparse.ArgumentParser(prog="python -m infra.tools.deliver", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    kept = commands.add_parser("bundle")
    kept.add_argument("file", type=Path)
    looked = commands.add_parser("smoke")
    looked.add_argument("url")
    looked.add_argument("--outputs", type=Path, help="of terraform output -json")
    looked.add_argument("--timeout-s", type=float, default=0)
    asked = parser.parse_args(arguments)
    if asked.command == "bundle":
        write_bundle(asked.file)
        return 0
    outputs = json.loads(asked.outputs.read_text()) if asked.outputs else {}
    functions = outputs.get("functions", {}).get("value", {}).values()
    wrong = smoke_test(asked.url.rstrip("/"), functions, asked.timeout_s)
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
