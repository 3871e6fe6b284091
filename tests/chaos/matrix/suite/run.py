"""Runs a sample of the cells over a local suite, a few at a time."""

from __future__ import annotations

import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.local.suite.handle import SuiteHandle, run_suite, wait_until
from infra.local.suite.layout import SetupError, SuiteLayout
from infra.local.suite.ports import find_free_base
from shared.adapters import clients
from shared.flows.documents import all_documents
from shared.jobs.model import Status
from shared.runtime.logs import log
from shared.runtime.services import Services, SystemClock
from shared.runtime.settings import Settings
from tests.chaos.matrix.cells import Cell, all_cells, sample_cells
from tests.chaos.matrix.result import CellResult
from tests.chaos.matrix.suite.grpc_proxy import GrpcProxy
from tests.chaos.matrix.suite.inject import Injector, is_supported
from tests.chaos.matrix.suite.inputs import create_job, runnable_recipes, write_inputs
from tests.chaos.matrix.table import Run
from tests.fakes.load.fault_plan import Delivery
from tests.fakes.services import FixedServices

LEASE_S = 9
JOBS_AT_ONCE = 6
TIMEOUT_S = 900.0
"""When a job that has not ended counts as stuck. Generous, for a busy machine."""


def run_suite_cells(share: float, seed: int, commit: str) -> Run:
    """Runs a share of each row over a suite that it starts."""
    recipes = runnable_recipes()
    cells = [cell for cell in all_cells() if cell.recipe in recipes and is_supported(cell)]
    cells = sample_cells(cells, share, seed)
    layout, started_s = SuiteLayout(find_free_base()), time.monotonic()
    with (
        GrpcProxy(f"127.0.0.1:{layout.port('firestore')}") as firestore,
        GrpcProxy(f"127.0.0.1:{layout.port('pubsub')}") as pubsub,
        run_suite(
            layout,
            env={
                "MOODREEL_LEASE_S": str(LEASE_S),
                "MOODREEL_FIRESTORE_PROXY": firestore.address,
                "MOODREEL_PUBSUB_PROXY": pubsub.address,
            },
        ) as suite,
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory() as folder,
    ):
        injector = Injector(suite, _services(suite, patch), firestore, pubsub)
        results = _run_cells(cells, injector, Path(folder))
    shutil.rmtree(layout.folder)
    missed = sum(bool(result.not_injected) for result in results)
    facts = (
        f"{len(results):,} cells ({share:.1%} of each row, at least one), seed {seed}, "
        f"commit {commit}, {time.monotonic() - started_s:.0f} s. Recipes: {', '.join(recipes)}."
    )
    facts += f" In {missed:,} cells the run did not reach one of the faults." if missed else ""
    return Run("Over the local suite", results, facts)


def _services(suite: SuiteHandle, patch: pytest.MonkeyPatch) -> Services:
    """Returns the suite's services, past the proxies."""
    for name, value in suite.env.items():
        patch.setenv(name, value)
    settings = Settings.from_env(suite.env)
    return FixedServices(
        store=clients.create_job_store(settings),
        objects=clients.create_object_store(settings),
        publisher=clients.create_publisher(settings),
        clock=SystemClock(),
        log=log,
        new_token=lambda: secrets.token_hex(8),
    )


def _run_cells(cells: list[Cell], injector: Injector, folder: Path) -> list[CellResult]:
    """Runs the cells of one way of delivery after those of another: its rule is for all jobs."""
    recipes = {cell.recipe for cell in cells}
    inputs = {recipe: write_inputs(recipe, folder, injector.suite) for recipe in recipes}
    results: list[CellResult] = []

    def run(cell: Cell) -> CellResult:
        result = run_cell(cell, injector, inputs[cell.recipe])
        print(f"{cell}: {'; '.join(result.problems) or 'done'}", file=sys.stderr, flush=True)
        return result

    for delivery in Delivery:
        with injector.deliver(delivery), ThreadPoolExecutor(JOBS_AT_ONCE) as pool:
            results += pool.map(run, [cell for cell in cells if cell.delivery is delivery])
    injector.suite.clear_storage_faults()
    return results


def run_cell(cell: Cell, injector: Injector, inputs: dict[str, Path]) -> CellResult:
    """Runs a job with the faults of a cell, which are arranged before its uploads."""
    suite, result = injector.suite, CellResult(cell, extra_messages=None)
    user = suite.user()
    client = suite.client(user)
    job_id, uploads = create_job(client, cell, inputs)
    crash_file = suite.crash_once(cell.point, cell.stage, job_id)
    has_happened = injector.inject(cell, job_id, user.email)
    for name, path in inputs.items():
        client.upload(uploads[name], path, lambda _: None)
    try:
        job = suite.wait_for_job(client, job_id, TIMEOUT_S)
        wait_until(lambda: suite.list_emails(user.email), "the e-mail", TIMEOUT_S)
        wait_until(lambda: not _open_units(injector.services, job_id), "its units", TIMEOUT_S)
    except SetupError as error:
        result.stuck.append(f"{job_id}: {error}; open: {_open_units(injector.services, job_id)}")
        return result
    if job["status"] != Status.DONE:
        result.lost.append(f"{job_id} is {job['status']}: {job['error']}")
    if not has_happened():
        result.not_injected.append(str(cell.dependency))
    if crash_file.exists():
        result.not_injected.append(cell.point)
        crash_file.unlink(missing_ok=True)
    _check_doubled(injector.services, job_id, job["artifacts"], result)
    emails = len(suite.list_emails(user.email))
    # A process that ends between the mail server's acceptance and the commit sends another one,
    # and so may each worker of another cell that is killed at that time.
    if emails > 3:
        result.doubled.append(f"{job_id} sent {emails} e-mails")
    return result


def _open_units(services: Services, job_id: str) -> list[str]:
    docs = services.store.run_query(all_documents(f"jobs/{job_id}/units"))
    return [doc.id for doc in docs if doc.data["state"] in ("free", "leased")]


def _check_doubled(
    services: Services, job_id: str, artifacts: list[dict[str, str]], result: CellResult
) -> None:
    units = services.store.run_query(all_documents(f"jobs/{job_id}/units"))
    result.extra_runs = sum(max(0, doc.data["attempt"] - 1) for doc in units)
    result.lost += [
        f"{doc.id} of {job_id} is {doc.data['state']}"
        for doc in units
        if doc.data["state"] != "done"
    ]
    done = Counter(
        f"{doc.data['stage']}-{doc.data['revision']}"
        for doc in units
        if doc.data["state"] == "done" and doc.data["part"] != "join"
        if doc.data["stage"] != "notification"
    )
    counted: Counter[str] = Counter()
    for doc in services.store.run_query(all_documents(f"jobs/{job_id}/stages")):
        if "shard" in doc.data:
            counted[f"{doc.data['stage']}-{doc.data['revision']}"] += doc.data["done"]
    if +counted != done:
        result.doubled.append(f"{job_id} counts {dict(+counted)}, {dict(done)} are done")
    names = [artifact["name"] for artifact in artifacts]
    if len(names) != len(set(names)):
        result.doubled.append(f"{job_id} has a result twice: {names}")
