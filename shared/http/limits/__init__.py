"""Limits of requests: how many in a time, and how many at once."""
