"""Fixtures of the tests of input_fetch."""

from tests.fixtures.fetches import fetches

__all__ = ["fetches"]
