"""Runs the command: `python -m moodreel`."""

from moodreel.cli.main import main

main()
