"""Paid models: their names in settings, and the limit of calls to them per minute."""
