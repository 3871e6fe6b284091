"""Give a person a copy of everything, or remove everything and prove it."""

from functions.personal_data.requests import run_step
from shared.entrypoints.task import task

main = task("personal_data", run_step)
