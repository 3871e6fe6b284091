"""Every minute: announce again what has made no progress, and purge what was deleted."""

from shared.entrypoints.stage import sweeper_function

main = sweeper_function()
