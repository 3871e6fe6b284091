"""A message was delivered too often: decide by the ledger what becomes of its unit."""

from shared.entrypoints.stage import dead_letters

main = dead_letters()
