"""A message was delivered too often: decide by the ledger what becomes of its unit."""

from shared.entrypoints.stage import dead_letter_function

main = dead_letter_function()
