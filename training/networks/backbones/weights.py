"""Finding weight files on disk and refusing those that are not what they should be."""

import hashlib
import sys
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path

from damage.errors import Refused
from damage.messages import Message
from damage.messages import Message as _
from training.networks.backbones.registry import Backbone, KerasWeights, PackagedWeights


def weights_path(backbone: Backbone, weights_dir: Path | None) -> Path:
    """Return the backbone's checked weight file.

    Keras's weights are taken from `weights_dir` when it is given, else downloaded once by Keras.
    """
    if isinstance(backbone.weights, PackagedWeights):
        return _packaged(backbone.weights)
    if weights_dir is not None:
        return _local(backbone, backbone.weights, weights_dir)
    return _downloaded(backbone, backbone.weights)


def file_digest(path: Path, algorithm: str) -> str:
    """Return the hexadecimal digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _packaged(weights: PackagedWeights) -> Path:
    spec = find_spec(weights.package)
    if spec is None or spec.origin is None:
        raise Refused(
            _("The package %(package)s is not installed.") % {"package": weights.package},
            _("Run: pip install -r requirements.txt"),
        )
    path = Path(spec.origin).parent / weights.file
    if not path.is_file() or file_digest(path, "sha256") != weights.sha256:
        raise Refused(
            _("The weights %(file)s are missing or not the ones that %(package)s 0.1.0 holds.")
            % {"file": weights.file, "package": weights.package},
            _("Install the package anew: pip install --force-reinstall %(package)s")
            % {"package": weights.package.replace("_", "-")},
        )
    return path


def _local(backbone: Backbone, weights: KerasWeights, weights_dir: Path) -> Path:
    path = weights_dir / weights.file
    if not path.is_file():
        raise Refused(
            _("The weights of %(title)s are not in %(weights_dir)s.")
            % {"title": backbone.title, "weights_dir": weights_dir},
            _two_ways(weights, weights_dir),
        )
    if file_digest(path, "md5") != weights.md5:
        raise Refused(
            _("%(path)s is not the file that Keras publishes (its md5 should be %(md5)s).")
            % {"path": path, "md5": weights.md5},
            _two_ways(weights, weights_dir),
        )
    return path


def _downloaded(backbone: Backbone, weights: KerasWeights) -> Path:
    from training.networks.quiet_tensorflow import (
        keras,  # here, so that the registry is read without TensorFlow
    )

    try:
        with redirect_stdout(sys.stderr):  # Keras reports there, where `--json` has the one document
            path = keras.utils.get_file(
                weights.file, weights.url, cache_subdir="models", file_hash=weights.md5
            )
    except Exception as error:  # Keras raises plain `Exception` when a download fails
        raise Refused(
            _("The weights of %(title)s could not be downloaded: %(error)s")
            % {"title": backbone.title, "error": error},
            _two_ways(weights, None),
        ) from error
    return Path(path)


def _two_ways(weights: KerasWeights, weights_dir: Path | None) -> Message:
    named = {"file": weights.file, "url": weights.url, "folder": weights_dir}
    if weights_dir is None:
        return (
            _(
                "Either connect to the internet, so that Keras can download them, or put %(file)s (from %(url)s) "
                "into a folder that DAMAGE_WEIGHTS names."
            )
            % named
        )
    return (
        _(
            "Either connect to the internet and unset DAMAGE_WEIGHTS, so that Keras can download them, or put %(file)s "
            "(from %(url)s) into %(folder)s."
        )
        % named
    )
