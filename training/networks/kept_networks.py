"""Exported networks kept on disk: a training that finds its backbone there needs no TensorFlow, slow to start.

They are as trustworthy as the features beside them: who can write there can change what a training learns from.
"""

import hashlib
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

from damage.work.progress import Progress
from training.networks.backbones.registry import Backbone

# All that decides what an export gives, beside the backbone: these modules and libraries.
MODULES = (
    *("backbones/building.py", "backbones/efficientnet_lite.py", "backbones/pth.py"),
    *("dense.py", "export.py", "export_template.py"),
)
LIBRARIES = ("tensorflow", "keras", "openvino")
DIGEST_BYTES = hashlib.sha256().digest_size


@dataclass(frozen=True)
class Export:
    """A network that is exported once and then kept: under which name, and how it is made, which takes TensorFlow."""

    name: str
    make: Callable[[], Mapping[str, bytes]]

    def is_kept(self, folder: Path) -> bool:
        """Whether it lies there, as this version of the code and of the libraries made it."""
        return _path(folder, self.name).exists()

    def files(self, folder: Path | None) -> dict[str, bytes]:
        """See `kept_network`."""
        return kept_network(folder, self.name, self.make)


def keep_missing(exports: Sequence[Export], folder: Path, begun: Callable[[], Progress]) -> None:
    """Make those that are not kept yet, ten seconds and more each; `begun` gives whom to tell how many are done."""
    missing = [export for export in exports if not export.is_kept(folder)]
    if not missing:
        return
    progress = begun()
    progress(0, len(missing))
    for done, export in enumerate(missing, start=1):
        export.files(folder)
        progress(done, len(missing))


def kept_network(folder: Path | None, name: str, make: Callable[[], Mapping[str, bytes]]) -> dict[str, bytes]:
    """The files of an exported network, taken from `folder` or made, and then kept there; None keeps nothing.

    What another version of the code or of a library made, or a file that is damaged, is made again.
    """
    if folder is None:
        return dict(make())
    path = _path(folder, name)
    if (kept := _read(path)) is not None:
        return kept
    files = dict(make())
    _write(path, files)
    for older in folder.glob(f"{name}-*.network"):
        if older != path:
            older.unlink(missing_ok=True)
    return files


def feature_network(backbone: Backbone, weights_dir: Path | None, folder: Path | None) -> tuple[bytes, bytes]:
    """The backbone up to its features, for `Backbone.prepared` squares, in OpenVINO's format: XML and weights."""
    files = feature_export(backbone, weights_dir).files(folder)
    return files["model.xml"], files["model.bin"]


def window_network(backbone: Backbone, weights_dir: Path | None, folder: Path | None) -> tuple[bytes, bytes]:
    """The same for windows as they are: a dense backbone pads them itself."""
    files = window_export(backbone, weights_dir).files(folder)
    return files["model.xml"], files["model.bin"]


def feature_export(backbone: Backbone, weights_dir: Path | None) -> Export:
    """What `feature_network` keeps."""

    def build() -> Any:
        from training.networks.backbones.building import feature_extractor

        return feature_extractor(backbone, weights_dir)

    return Export(f"features-{backbone.recipe_id}", lambda: _exported(build))


def window_export(backbone: Backbone, weights_dir: Path | None) -> Export:
    """What `window_network` keeps."""

    def build() -> Any:
        from training.networks.backbones.building import window_features

        return window_features(backbone, weights_dir)

    return Export(f"windows-{backbone.recipe_id}", lambda: _exported(build))


def _exported(build: Callable[[], Any]) -> dict[str, bytes]:
    from training.networks.export import exported

    xml, weights = exported(build())
    return {"model.xml": xml, "model.bin": weights}


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}-{_makers_digest()}.network"


def _read(path: Path) -> dict[str, bytes] | None:
    """The files kept there; None where there are none, or not as they were written."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    digest, packed = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
    if hashlib.sha256(packed).digest() != digest:
        return None
    with zipfile.ZipFile(BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _write(path: Path, files: Mapping[str, bytes]) -> None:
    """Write whole or not at all, also when two processes write the same: the digest, then a ZIP archive."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        try:
            file.write(hashlib.sha256(packed.getvalue()).digest() + packed.getvalue())
            file.flush()
        except BaseException:
            Path(file.name).unlink()
            raise
    Path(file.name).replace(path)


@cache
def _makers_digest() -> str:
    here = Path(__file__).parent
    makers = [(here / module).read_bytes() for module in MODULES]
    makers += [f"{name} {version(name)}".encode() for name in LIBRARIES]
    return hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in makers)).hexdigest()[:12]
