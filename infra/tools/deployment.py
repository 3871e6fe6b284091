"""Deployment steps of Cloud Build besides Terraform: the bundle of a plan and the smoke test.

python -m infra.tools.deployment bundle FILE --plan PLAN --commit SHA
                                    writes a plan and all that applying or restoring it needs
python -m infra.tools.deployment smoke --outputs FILE
                                    tests a deployment from outside
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tarfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from infra.local.client.http import Response, request

ROOT = Path(__file__).parents[2]
BUNDLE_PATHS = (
    "infra/terraform",
    "infra/cloud_build",
    "infra/storage.json",
    "infra/firestore.rules",
    "infra/firestore.indexes.json",
    "infra/tools/saved_plan.py",
    ".local/packages",
    # The smoke test.
    "infra/__init__.py",
    "infra/tools/__init__.py",
    "infra/tools/deployment.py",
    "infra/local/__init__.py",
    "infra/local/client/__init__.py",
    "infra/local/client/http.py",
)
"""The files of Terraform, those that it reads, and the code of the smoke test."""
EXCLUDED_SUFFIXES = (".terraform", ".tfplan", ".tfstate")
"""Files of one Terraform run."""
PLAN_NAME, COMMIT_NAME = "plan.tfplan", "commit"
RETRY_DELAY_S = 10

SendRequest = Callable[..., Response]


def write_bundle(target: Path, plan: Path, commit: str, root: Path = ROOT) -> None:
    """Writes an archive of a plan, its commit, and the files that an apply needs.

    Args:
        target: The archive.
        plan: The plan, written by `terraform plan -out`.
        commit: The commit that the plan deploys.
        root: The checkout in which the plan was made, with the settings in terraform.tfvars.
    """
    with tarfile.open(target, "w:gz") as archive:
        for name in BUNDLE_PATHS:
            archive.add(root / name, name, filter=_exclude)
        archive.add(plan, PLAN_NAME)
        line = f"{commit}\n".encode()
        entry = tarfile.TarInfo(COMMIT_NAME)
        entry.size = len(line)
        archive.addfile(entry, io.BytesIO(line))


def _exclude(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if entry.name.endswith(EXCLUDED_SUFFIXES) else entry


def find_problems(
    url: str, functions: Iterable[str] = (), send: SendRequest = request
) -> list[str]:
    """Returns the problems of the deployment at `url`.

    Args:
        url: The public URL, without a trailing slash.
        functions: URLs that must not accept requests from outside the project.
    """
    problems: list[str] = []

    def expect(problem: str, ok: bool) -> None:
        if not ok:
            problems.append(problem)

    try:
        health = send("GET", f"{url}/healthz")
        expect(f"/healthz returns {health.status}, not 200", health.status == 200)
        expect("/healthz does not report ok", health.body == b'{"status":"ok"}')
        sniff = health.headers.get("X-Content-Type-Options")
        expect("responses have no security headers", sniff == "nosniff")
        jobs = send("GET", f"{url}/v1/jobs")
        expect(f"jobs are listed without sign-in ({jobs.status}, not 401)", jobs.status == 401)
        kind = jobs.headers.get("Content-Type", "").partition(";")[0]
        expect(
            f"an error has the type {kind}, not problem+json", kind == "application/problem+json"
        )
        forged = {"Authorization": "Bearer forged"}
        status = send("GET", f"{url}/v1/jobs", headers=forged).status
        expect(f"a forged token gets {status}, not 401", status == 401)
        recipes = send("GET", f"{url}/v1/recipes", headers=forged)
        expect("/v1/recipes fails with a server error", recipes.status < 500)
        if url.startswith("https:"):
            plain = send("GET", f"http://{urlsplit(url).hostname}/healthz")
            expect("HTTP is not redirected to HTTPS", plain.status in (301, 308))
    except OSError as error:
        return [f"no response from {url}: {error}"]
    for function in functions:
        try:
            status = send("POST", function, {}).status
        except OSError:
            continue
        expect(f"{function} accepts requests from outside ({status})", status in (401, 403, 404))
    return problems


def smoke_test(url: str, functions: Iterable[str], timeout_s: float) -> list[str]:
    """Repeats the test until it passes or `timeout_s` ends. Returns the remaining problems."""
    functions, deadline = list(functions), time.monotonic() + timeout_s
    while (problems := find_problems(url, functions)) and time.monotonic() < deadline:
        time.sleep(RETRY_DELAY_S)
    return problems


def main(arguments: list[str] | None = None) -> int:
    """Runs one command. Returns 0 on success."""
    parser = argparse.ArgumentParser(prog="python -m infra.tools.deployment", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    bundle = commands.add_parser("bundle")
    bundle.add_argument("file", type=Path)
    bundle.add_argument("--plan", type=Path, required=True)
    bundle.add_argument("--commit", required=True)
    smoke = commands.add_parser("smoke")
    smoke.add_argument("url", nargs="?", help="the output `url` by default")
    smoke.add_argument("--outputs", type=Path, help="file written by terraform output -json")
    smoke.add_argument("--timeout-s", type=float, default=0)
    args = parser.parse_args(arguments)
    if args.command == "bundle":
        write_bundle(args.file, args.plan, args.commit)
        return 0
    outputs = json.loads(args.outputs.read_text()) if args.outputs else {}
    url = args.url or outputs.get("url", {}).get("value")
    if not url:
        parser.error("smoke needs a URL, or --outputs with the output `url`")
    functions = outputs.get("functions", {}).get("value", {}).values()
    problems = smoke_test(url.rstrip("/"), functions, args.timeout_s)
    for line in problems:
        sys.stderr.write(f"{line}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
