"""Copies the results of jobs to buckets and URLs of their owners."""

from functions.result_delivery.deliver import deliver_results
from functions.result_delivery.outcome import fail_exhausted_delivery
from shared.entrypoints.task import task
from shared.jobs.result_deliveries.delivery import RESULT_DELIVERY

main = task(RESULT_DELIVERY, deliver_results, fail_exhausted_delivery)
