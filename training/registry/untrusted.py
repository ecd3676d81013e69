"""Looking through model files that came from elsewhere, before any library opens them. Pure.

Keras opens files in its safe mode and OpenVINO runs networks, not code; yet both formats can name code of one's own
or other files. Only what the backbones' networks are made of is let in.
"""

import json
import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from damage.errors import Refused
from damage.messages import Message as _

REMEDY = _("Do not use it; ask its sender where it comes from.")
KERAS_MEMBERS = {"config.json", "metadata.json", "model.weights.h5"}
# The layers and operations of `training.networks.backbones`, and what their settings are made of.
KERAS_CLASSES = {
    "Functional", "InputLayer", "Rescaling", "Normalization", "Conv2D", "DepthwiseConv2D", "SeparableConv2D",
    "BatchNormalization", "ReLU", "Activation", "Dropout", "Dense", "Add", "Multiply", "Average", "Concatenate",
    "Reshape", "ZeroPadding2D", "UpSampling2D", "AveragePooling2D", "MaxPooling2D", "GlobalAveragePooling2D",
    "GlobalMaxPooling2D", "Flip", "Transpose", "Einsum", "GetItem", "DTypePolicy", "L2", "Zeros", "Ones",
    "GlorotUniform", "GlorotNormal", "HeNormal", "VarianceScaling", "RandomNormal", "CategoricalCrossentropy",
    "BinaryCrossentropy", "SGD", "Adam", "AdamW", "__keras_tensor__", "__numpy__", "__tensor__", "__slice__",
}  # fmt: skip
STANDARD_OPERATIONS = re.compile(r"opset\d{1,2}")


def check_files(files: dict[str, bytes]) -> None:
    """Refuse files, by kind, that hold anything but a network of known layers and its numbers."""
    if "keras" in files:
        check_keras(files["keras"])
    if "openvino_xml" in files:
        check_openvino(files["openvino_xml"], len(files.get("openvino_bin", b"")))


def check_keras(content: bytes) -> None:
    """Refuse a Keras file whose structure names what the backbones do not have, or whose weights lead elsewhere."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = archive.namelist()
            sizes = sum(entry.file_size for entry in archive.infolist())
            if set(names) != KERAS_MEMBERS or len(names) != len(KERAS_MEMBERS) or sizes > 2 * len(content):
                raise Refused(_("The Keras file holds other parts than Keras writes."), REMEDY)
            config = json.loads(archive.read("config.json"))
            weights = archive.read("model.weights.h5")
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, RecursionError) as error:
        raise Refused(_("The Keras file is damaged."), REMEDY) from error
    for entry in _described(config):
        module, name = entry.get("module"), entry["class_name"]
        is_keras = module in (None, "builtins") or str(module).split(".")[0] == "keras"
        if name not in KERAS_CLASSES or not is_keras:
            raise Refused(
                _("The Keras file names %(name)r, which no backbone is made of.") % {"name": str(name)[:60]},
                REMEDY,
            )
    _check_hdf5(weights)


def _described(part: Any) -> Iterator[dict[str, Any]]:
    """Every object that a Keras configuration asks for."""
    waiting = [part]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if "class_name" in each:
                yield each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _check_hdf5(content: bytes) -> None:
    """Refuse weights that lie in, or lead to, other files, or that are packed small."""
    import h5py

    def check(group: Any) -> None:
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise Refused(_("The Keras file's weights lead out of the file."), REMEDY)
            each = group[name]
            if isinstance(each, h5py.Group):
                check(each)
            elif each.external or each.is_virtual or each.compression or each.dtype.kind not in "fiu":
                raise Refused(_("The Keras file's weights are not plain numbers."), REMEDY)

    try:
        with h5py.File(BytesIO(content), "r") as file:
            check(file)
    except (OSError, KeyError, RuntimeError, RecursionError) as error:
        raise Refused(_("The Keras file's weights are damaged."), REMEDY) from error


def check_openvino(xml: bytes, weights_size: int) -> None:
    """Refuse a network with operations beyond OpenVINO's own sets, or with weights outside its file."""
    try:
        network = ElementTree.fromstring(xml, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, ValueError) as error:
        raise Refused(_("The OpenVINO network is not plain XML."), REMEDY) from error
    for layer in network.iter("layer"):
        version = layer.get("version", "")
        if not STANDARD_OPERATIONS.fullmatch(version):
            kind = layer.get("type", "")[:60]
            raise Refused(
                _("The OpenVINO network holds %(kind)r of %(version)r, no standard operation.")
                % {"kind": kind, "version": version[:60]},
                REMEDY,
            )
        for data in layer.iter("data"):
            if "offset" in data.keys() and not _is_inside(data, weights_size):  # noqa: SIM118 - an XML element
                raise Refused(_("The OpenVINO network takes weights from beyond its file."), REMEDY)


def _is_inside(data: Any, size: int) -> bool:
    begin, length = data.get("offset", ""), data.get("size", "")
    return begin.isdecimal() and length.isdecimal() and int(begin) + int(length) <= size


def parameter_count(keras_file: bytes) -> int:
    """How many numbers a Keras model consists of, without what its training left behind (the optimiser's)."""
    import h5py

    def count(group: Any) -> int:
        return sum(
            count(each) if isinstance(each, h5py.Group) else each.size
            for each in (group[name] for name in group if name != "optimizer")
        )

    with zipfile.ZipFile(BytesIO(keras_file)) as archive:
        weights = BytesIO(archive.read("model.weights.h5"))
    with h5py.File(weights, "r") as file:
        return int(count(file))
