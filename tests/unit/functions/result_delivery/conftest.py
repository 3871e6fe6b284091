"""Fixtures of the tests of result_delivery."""

from tests.fixtures.deliveries import deliveries

__all__ = ["deliveries"]
