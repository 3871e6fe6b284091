"""The command `moodreel`."""
