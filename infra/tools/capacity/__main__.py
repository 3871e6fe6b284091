"""Runs the command line."""

import sys

from infra.tools.capacity.cli import main

if __name__ == "__main__":
    sys.exit(main())
