"""What code and what machine made a model."""

import os
import platform
import subprocess
import tomllib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from damage.environment import BASE_DIR

LIBRARIES = (
    "tensorflow",
    "keras",
    "openvino",
    "numpy",
    "scikit-learn",
    "scikit-image",
    "skops",
    "Pillow",
    "Django",
)


@cache
def code_version() -> str:
    """Return the version and, in a git checkout, the commit; "-dirty" says that files were changed since.

    As a process found it first: what it has loaded stays, whatever is checked out afterwards.
    """
    project = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]
    described = _described_commit()
    return f"{project['version']}+{described}" if described else project["version"]


@cache
def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that decide a result."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def hardware() -> dict[str, Any]:
    """Return what of the machine can change a result's last digits."""
    return {
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
    }


def _processor() -> str:
    """The processor's name; Linux alone tells it in a file."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _described_commit() -> str:
    if not (BASE_DIR / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--tags"],
            cwd=BASE_DIR, capture_output=True, text=True, check=True, timeout=10,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
