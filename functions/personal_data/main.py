"""Exports all data of a user, or erases it and signs a receipt."""

from functions.personal_data.requests import run_step
from shared.entrypoints.task import task

main = task("personal_data", run_step)
