"""Keys that encrypt fields of documents, for the secrets CAMERA_KEYS, WEBHOOK_KEYS,
FETCH_KEYS and DELIVERY_KEYS.

python -m infra.operations.keys new             prints a new private key
python -m infra.operations.keys public < KEYS   prints the public key of the first private key
"""

from __future__ import annotations

import argparse
import sys

from shared.adapters.hpke import find_public_key, new_private_key
from shared.errors import ConfigurationError


def main() -> int:
    """Prints a key. Returns 1 when the input has no valid private key."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("new", "public"))
    if parser.parse_args().command == "new":
        print(new_private_key())
        return 0
    try:
        print(find_public_key(sys.stdin.read()))
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
