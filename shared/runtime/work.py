"""Runs the handler of a unit or a task under its lease, and turns its errors into outcomes."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable

from shared.errors import OverloadedError, PermanentError, TransientError
from shared.flows.effects import Failed, Flow, Later, Lost, Retry, Unavailable
from shared.jobs.stage import UnitClaim
from shared.jobs.units.lease import renew as renew_unit
from shared.jobs.units.outcomes import UnitDone, UnitOutcome
from shared.pipeline import FUNCTIONS
from shared.ports.system import Log
from shared.runtime.leases import TaskLease, UnitLease, renew_during
from shared.runtime.services import Services
from shared.tasks.errors import LeaseLost
from shared.tasks.lease import renew as renew_task
from shared.tasks.task import TaskClaim, TaskOutcome

UnitHandler = Callable[[UnitLease], UnitDone]
TaskHandler = Callable[[TaskLease], TaskOutcome]
RunRenewal = Callable[[Flow[bool]], bool]
"""Runs the flow that renews a lease. Returns False when the work must stop."""


def run_unit(
    claim: UnitClaim, handler: UnitHandler, services: Services, run_renewal: RunRenewal
) -> UnitOutcome:
    """Runs the handler of a unit and renews the lease meanwhile."""
    row = FUNCTIONS[claim.envelope.stage]
    lease = UnitLease(claim, time.monotonic() + row.soft_deadline_s)
    clock = services.clock_and_ids

    def renewal() -> bool:
        return run_renewal(renew_unit(claim, clock, lease.progress))

    try:
        with renew_during(lease, renewal, clock.lease_s, services.log):
            return handler(lease)
    except LeaseLost:
        return Lost()
    except PermanentError as error:
        return Failed(error.code, str(error))
    except OverloadedError as error:
        return _unavailable(error, services.log)
    except TransientError as error:
        return Retry(*_log_transient(error, services.log))
    except Exception as error:
        return Retry(*_log_unexpected(error, services.log))


def run_task(
    claim: TaskClaim, handler: TaskHandler, services: Services, run_renewal: RunRenewal
) -> TaskOutcome:
    """Runs the handler of a task and renews the lease meanwhile."""
    row = FUNCTIONS[claim.task.function]
    lease = TaskLease(claim, time.monotonic() + row.soft_deadline_s)
    wait_s = row.backoff(claim.attempt)
    clock = services.clock_and_ids

    def renewal() -> bool:
        return run_renewal(renew_task(claim, clock))

    try:
        with renew_during(lease, renewal, min(row.lease_s, services.lease_s), services.log):
            return handler(lease)
    except LeaseLost:
        return Lost()
    except PermanentError as error:
        return Failed(error.code, str(error))
    except OverloadedError as error:
        return _unavailable(error, services.log)
    except TransientError as error:
        return Later(wait_s, *_log_transient(error, services.log))
    except Exception as error:
        return Later(wait_s, *_log_unexpected(error, services.log))


def _unavailable(error: OverloadedError, log: Log) -> Unavailable:
    """Returns the outcome of work whose service is overloaded or unavailable."""
    code, message = _log_transient(error, log)
    return Unavailable(code, message, error.service, error.retry_after_s)


def _log_transient(error: TransientError, log: Log) -> tuple[str, str]:
    """Logs an error of a handler. Returns its code and message."""
    log("work.retried", severity="WARNING", code=error.code, reason=repr(error))
    return error.code, str(error)


def _log_unexpected(error: Exception, log: Log) -> tuple[str, str]:
    """Logs an unexpected exception with its traceback. Returns a code and message."""
    log("work.crashed", severity="ERROR", reason=_format_trace(error))
    return "unexpected", f"Unexpected error: {type(error).__name__}."


def _format_trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-4000:]
