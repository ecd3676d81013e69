"""Crops of the database as images whose features can be computed."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from django.conf import settings

from damage.work.progress import Progress
from tagging.models import Crop
from tagging.services import image_bytes
from training.data.dataset import AgreedCrop
from training.data.features import CropImage, crop_features
from training.networks.backbones.registry import Backbone
from training.networks.classical import ClassicalFeatures


def crop_images(crops: Sequence[AgreedCrop]) -> list[CropImage]:
    """The crops' pixels, to be read when they are needed."""
    return [CropImage(crop.sha256, partial(_bytes_of, crop.pk)) for crop in crops]


def _bytes_of(crop_id: int) -> bytes:
    """What the crop's file holds; its row is asked for as late as this, as what was kept of most crops suffices."""
    return image_bytes(Crop.objects.get(pk=crop_id))


def features_of(
    images: Sequence[CropImage], features: Backbone | ClassicalFeatures, progress: Progress
) -> np.ndarray:
    """The images' features (N, F) in their order, kept where trainings keep theirs."""
    environment = settings.ENVIRONMENT
    return crop_features(
        images,
        features,
        settings.DATA_DIR / "features",
        weights_dir=environment.weights_dir,
        threads=environment.threads,
        progress=progress,
    )
