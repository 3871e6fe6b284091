#!/usr/bin/env bash
# Finds a supported Python and runs infra/local/cli/__main__.py with it.
set -euo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)"
is_supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))'

for python in "${MOODREEL_PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
  if [ -n "$python" ] && command -v "$python" >/dev/null 2>&1 && "$python" -c "$is_supported" 2>/dev/null; then
    export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
    # -P: do not import packages of the same name from the current directory.
    exec "$python" -P -m infra.local.cli "$@"
  fi
done

echo "emulator.sh needs Python 3.11 to 3.14 on PATH (or MOODREEL_PYTHON pointing to one)." >&2
exit 1
