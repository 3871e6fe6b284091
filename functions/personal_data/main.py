"""Give a person a copy of everything, or remove everything and prove it."""

from functions.personal_data.requests import fulfil
from shared.entrypoints.task import errand

main = errand("personal_data", fulfil)
