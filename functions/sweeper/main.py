"""Announces jobs and tasks without progress again, and cleans up, every minute."""

from shared.entrypoints.stage import sweeper_function

main = sweeper_function()
