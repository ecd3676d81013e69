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
    rows = Crop.objects.in_bulk([crop.pk for crop in crops])
    return [CropImage(crop.sha256, partial(image_bytes, rows[crop.pk])) for crop in crops]


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
