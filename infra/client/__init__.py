"""The client `moodreel`, which is a project of its own: its package is imported as `moodreel`."""
