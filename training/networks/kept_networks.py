"""Exported networks kept on disk: a training that finds its backbone there needs no TensorFlow, slow to start.

They are as trustworthy as the features beside them: who can write there can change what a training learns from.
"""

import hashlib
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

from training.networks.backbones.registry import Backbone

# All that decides what an export gives, beside the backbone: these modules and libraries.
MODULES = (
    *("backbones/building.py", "backbones/efficientnet_lite.py", "backbones/pth.py"),
    *("dense.py", "export.py", "export_template.py"),
)
LIBRARIES = ("tensorflow", "keras", "openvino")
DIGEST_BYTES = hashlib.sha256().digest_size


def kept_network(folder: Path | None, name: str, make: Callable[[], Mapping[str, bytes]]) -> dict[str, bytes]:
    """The files of an exported network, taken from `folder` or made, and then kept there; None keeps nothing.

    What another version of the code or of a library made, or a file that is damaged, is made again.
    """
    if folder is None:
        return dict(make())
    path = folder / f"{name}-{_makers_digest()}.network"
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

    def build() -> Any:
        from training.networks.backbones.building import feature_extractor

        return feature_extractor(backbone, weights_dir)

    return _exported(folder, f"features-{backbone.recipe_id}", build)


def window_network(backbone: Backbone, weights_dir: Path | None, folder: Path | None) -> tuple[bytes, bytes]:
    """The same for windows as they are: a dense backbone pads them itself."""

    def build() -> Any:
        from training.networks.backbones.building import window_features

        return window_features(backbone, weights_dir)

    return _exported(folder, f"windows-{backbone.recipe_id}", build)


def _exported(folder: Path | None, name: str, build: Callable[[], Any]) -> tuple[bytes, bytes]:
    def make() -> dict[str, bytes]:
        from training.networks.export import exported

        xml, weights = exported(build())
        return {"model.xml": xml, "model.bin": weights}

    files = kept_network(folder, name, make)
    return files["model.xml"], files["model.bin"]


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
