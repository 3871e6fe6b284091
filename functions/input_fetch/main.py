"""Fetches inputs of jobs from URLs and stores them as uploads, over several runs if needed."""

from functions.input_fetch.failure import fail_exhausted_fetch
from functions.input_fetch.fetch import fetch_input
from shared.entrypoints.task import task
from shared.jobs.fetches.fetch import INPUT_FETCH

main = task(INPUT_FETCH, fetch_input, fail_exhausted_fetch)
