"""`python -m infra.tools.prices`: lists the prices and warns about those that are old.

The exit status is 1 when a price was read more than MAX_AGE_DAYS ago, for a scheduled check.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime

from shared.pricing.prices import MAX_AGE_DAYS, all_prices


def old_prices(today: date) -> list[str]:
    """Returns a warning for each price that was read more than MAX_AGE_DAYS before `today`."""
    return [
        f"{name} was read on {price.read_on}: compare it with {price.source}"
        for name, price in all_prices()
        if (today - price.read_on).days > MAX_AGE_DAYS
    ]


def main() -> int:
    """Prints the prices, then the warnings to standard error. Returns the exit status."""
    for name, price in all_prices():
        note = " (from other sites)" if price.is_secondhand else ""
        print(f"{name:<20} ${price.usd:.10f} per {price.unit}; {price.read_on}{note}")
    warnings = old_prices(datetime.now(UTC).date())
    for warning in warnings:
        print(warning, file=sys.stderr)
    return 1 if warnings else 0


if __name__ == "__main__":
    sys.exit(main())
