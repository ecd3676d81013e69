"""What a run has settled so far, on disk: a file for each block, whole or not there.

Pure: folders and arrays. The folder belongs to one plan; for another plan it is begun anew.
"""

import os
import shutil
from pathlib import Path

import numpy as np

PLAN_FILE = "plan"


class Journal:
    """The blocks of one run's plan that are settled."""

    def __init__(self, folder: Path, plan_sha256: str) -> None:
        """Open the folder; what another plan left there is forgotten."""
        self._folder = folder
        plan = folder / PLAN_FILE
        if plan.exists() and plan.read_text() != plan_sha256:
            for kept in folder.glob("block-*"):
                kept.unlink()
        folder.mkdir(parents=True, exist_ok=True)
        _write_whole(plan, plan_sha256.encode())

    def kept(self, index: int, shape: tuple[int, int]) -> np.ndarray | None:
        """A settled block's values; None where it is not settled, or its file is damaged."""
        try:
            with self._path(index).open("rb") as file:
                values = np.lib.format.read_array(file, allow_pickle=False)
        except (FileNotFoundError, ValueError, EOFError):
            return None
        return values if values.shape == shape and values.dtype == np.float32 else None

    def keep(self, index: int, values: np.ndarray) -> None:
        """Settle a block: after this, a killed process or a power cut does not undo it."""
        path = self._path(index)
        with (part := path.with_suffix(".part")).open("wb") as file:
            np.lib.format.write_array(file, np.ascontiguousarray(values, np.float32), allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def forget(self) -> None:
        """Take the folder away: its run is done."""
        shutil.rmtree(self._folder)

    def _path(self, index: int) -> Path:
        return self._folder / f"block-{index:06}.npy"


def _write_whole(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)
