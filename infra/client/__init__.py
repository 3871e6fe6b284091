"""The client: a project of its own, whose package is imported as `moodreel`, as its users do.

Importing this package makes `moodreel` importable without an installation.
"""

import sys
from pathlib import Path

CLIENT_FOLDER = Path(__file__).parent
if str(CLIENT_FOLDER) not in sys.path:
    sys.path.append(str(CLIENT_FOLDER))
