#!/usr/bin/env bash
# The local cloud: finds a Python and hands over to infra/local/cli/__main__.py, which does the rest.
set -euo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)"
fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))'

for python in "${MOODREEL_PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
  if [ -n "$python" ] && command -v "$python" >/dev/null 2>&1 && "$python" -c "$fits" 2>/dev/null; then
    export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
    # -P: a folder named like one of our packages where the person stands is not ours.
    exec "$python" -P -m infra.local.cli "$@"
  fi
done

echo "emulator.sh needs Python 3.11 to 3.14 on PATH (or MOODREEL_PYTHON pointing to one)." >&2
exit 1
