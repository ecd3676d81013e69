"""The environment of the peers that `mosaic.py --peers` measures: below `build/`, apart from the project's own."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "peers"
ENVIRONMENT = FOLDER / ".venv"
REQUIREMENTS = ROOT / "benchmarks" / "peers-requirements.txt"
# What the environment was made of; written last, so an unfinished environment has none.
MADE_OF = "made-of.txt"


class NotInstalled(Exception):
    """The peers' packages cannot be installed here."""


def peers_python(environment: Path = ENVIRONMENT, requirements: Path = REQUIREMENTS) -> Path:
    """The interpreter of the environment, which is made anew unless it was made of this very list.

    Raises NotInstalled with the last that the installer said.
    """
    python = environment / "bin" / "python"
    wanted = requirements.read_text()
    made_of = environment / MADE_OF
    if made_of.is_file() and made_of.read_text() == wanted:
        return python
    shutil.rmtree(environment, ignore_errors=True)
    print(f"installing {requirements.name} in {environment}", file=sys.stderr)
    _done([sys.executable, "-m", "venv", "--without-pip", environment])
    # The project's own pip, so that the machine's settings for it hold here too.
    _done([sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "-r", requirements])
    made_of.write_text(wanted)
    return python


def _done(command: list[str | Path]) -> None:
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise NotInstalled(said[-1] if said else f"{Path(command[0]).name} ended with {done.returncode}")
