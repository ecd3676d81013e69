"""What a process loads in its first training, to be loaded before one is asked for."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module

from django.conf import settings

from damage.errors import Refused
from training.models import ModelRun

MODULES = (
    *("openvino", "scipy.optimize", "training.executor"),
    *("training.networks.export_template", "training.report.tensorboard"),
)


def loads_of_a_training() -> Iterator[Callable[[], object]]:
    """What the next training will need if it is like the last one, piece by piece; nothing where none was done yet.

    Nothing is exported for it, which would take TensorFlow: networks are opened where they are kept.
    """
    done = ModelRun.objects.filter(status=ModelRun.Status.DONE, run_crops__isnull=False)
    if last := done.order_by("-pk").first():
        yield from (partial(import_module, name) for name in MODULES)
        with suppress(Refused):  # a backbone that this version does not have
            yield from _networks(last)


def _networks(last: ModelRun) -> Iterator[Callable[[], object]]:
    """The network that gives features, and the template of models: both stay open where a training looks for them."""
    from training.data.features import NETWORKS, feature_source
    from training.networks.backbones.registry import Backbone, find_features
    from training.networks.export_template import export_template, template_export
    from training.networks.kept_networks import feature_export

    backbone = find_features(last.backbone, last.parameters["contrast"])
    if not isinstance(backbone, Backbone):
        return
    environment, cache_dir = settings.ENVIRONMENT, settings.DATA_DIR / "features"
    weights_dir, folder = environment.weights_dir, cache_dir / NETWORKS
    if feature_export(backbone, weights_dir).is_kept(folder):
        yield partial(feature_source, backbone, weights_dir, environment.threads, cache_dir)
    if template_export(backbone, weights_dir).is_kept(folder):
        yield partial(export_template, backbone, weights_dir, folder)
