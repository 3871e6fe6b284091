"""Every minute: announce again what has made no progress, and purge what was deleted."""

from shared.entrypoints.stage import sweeps

main = sweeps()
