"""Crops of the database as images whose features can be computed."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from django.conf import settings

from damage.errors import Refused
from damage.ingestion.models import Scene, SceneKind
from damage.ingestion.scene_sources import source_of
from damage.work.progress import Progress
from tagging.models import Crop
from tagging.services import image_bytes
from training.data.crop_files import CropImage
from training.data.dataset import AgreedCrop
from training.data.features import CropSource, crop_features
from training.data.scene_windows import SceneWindow
from training.networks.backbones.registry import Backbone
from training.networks.classical import ClassicalFeatures
from training.networks.model_input import ModelInput, gsd_warnings, window_as_read


def crop_image(crop: Crop) -> CropImage:
    """The crop's pixels, to be read when they are needed."""
    return CropImage(crop.sha256, partial(image_bytes, crop))


def crop_images(crops: Sequence[AgreedCrop]) -> list[CropImage]:
    """The crops' pixels, to be read when they are needed."""
    return [CropImage(crop.sha256, partial(_bytes_of, crop.pk)) for crop in crops]


def _bytes_of(crop_id: int) -> bytes:
    """What the crop's file holds; its row is asked for as late as this, as what was kept of most crops suffices."""
    return image_bytes(Crop.objects.get(pk=crop_id))


def crop_windows(
    crops: Iterable[Crop], model_input: ModelInput, *, in_surroundings: bool, photos: bool = True
) -> list[SceneWindow | CropImage]:
    """The windows around crops that a model with this input would be asked about; see `SceneWindow`.

    A crop whose scene is not here, or too different in scale, is taken as it is. So are those of photos if these are
    not to be decoded. The crops come with their scenes.
    """
    return [
        _scene_window(crop, model_input, in_surroundings=in_surroundings, photos=photos) or crop_image(crop)
        for crop in crops
    ]


def _scene_window(
    crop: Crop, model_input: ModelInput, *, in_surroundings: bool, photos: bool
) -> SceneWindow | None:
    scene = crop.scene
    if scene is None or crop.x_px is None or crop.y_px is None or not scene.path.is_file():
        return None
    if scene.kind == SceneKind.PHOTO and not photos:
        return None
    centre = (crop.x_px + crop.size_px / 2, crop.y_px + crop.size_px / 2)
    try:
        window = window_around(scene, centre, model_input, in_surroundings=in_surroundings)
    except Refused:  # no prediction would look at this scene with such a model
        return None
    return replace(window, crop=crop_image(crop))


def window_around(
    scene: Scene, centre_px: tuple[float, float], model_input: ModelInput, *, in_surroundings: bool
) -> SceneWindow:
    """The window around a place (x, y in scene pixels); raises `Refused` where the model cannot look at the scene."""
    gsd_warnings(model_input, scene.gsd_m)
    side_px, scale = window_as_read(model_input, scene.gsd_m)
    x, y = (round(middle / scale - side_px / 2) for middle in centre_px)
    return SceneWindow(
        crop=None,
        source=source_of(scene),
        scene_sha256=scene.sha256,
        scene_width_px=scene.width_px,
        scene_height_px=scene.height_px,
        scale=scale,
        x=x,
        y=y,
        side_px=side_px,
        in_surroundings=in_surroundings,
    )


def features_of(
    images: Sequence[CropSource], features: Backbone | ClassicalFeatures, progress: Progress
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
