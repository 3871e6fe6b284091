"""Cells of the fault matrix over a local suite."""
