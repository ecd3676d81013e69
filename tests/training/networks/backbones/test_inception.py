"""The thesis's network, from a weight file that lies there: trained and asked by the same command as any other."""

from dataclasses import replace
from functools import partial

import pytest
from django.core.management import call_command

from damage.ingestion.rasters import read_square
from tagging.models import Tag
from training.data.crop_files import CropCopy
from training.inference import answer_for_window
from training.models import ModelRun
from training.networks.backbones.registry import BACKBONES, INCEPTION_V3
from training.networks.backbones.weights import file_digest


@pytest.fixture
def inception(settings, tmp_path, monkeypatch):
    """A folder with a file named as Keras names it, of random weights, and its md5 taken for the right one."""
    import keras

    keras.utils.set_random_seed(0)
    path = tmp_path / INCEPTION_V3.weights.file
    keras.applications.InceptionV3(weights=None, include_top=False).save(path)
    weights = replace(INCEPTION_V3.weights, md5=file_digest(path, "md5"))
    monkeypatch.setitem(BACKBONES, "inception-v3", replace(INCEPTION_V3, weights=weights))
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, weights_dir=tmp_path)


def test_inception_v3_is_trained_and_asked_like_any_other(inception, towns, question, scene):
    for town, enough in zip(towns, (5, 2, 2), strict=True):  # of either answer: the network is slow
        for answer in ("positive", "negative"):
            tags = Tag.objects.filter(crop__town=town, answer=answer).order_by("pk")
            Tag.objects.filter(pk__in=[tag.pk for tag in tags[enough:]]).delete()
    call_command("train", "--question", "damage", "--backbone", "inception-v3", "--train-town", "Norte",
                 "--validation-town", "Este", "--test-town", "Sur", "--json")  # fmt: skip
    run = ModelRun.objects.get()
    assert (run.status, run.backbone) == ("done", "inception-v3")
    assert run.parameters["network"]["window_px"] == 299
    assert not run.parameters["network"]["is_dense"]
    assert run.run_crops.exclude(score=None).count() == 18
    ModelRun.objects.update(stage="promoted")
    answer = answer_for_window(CropCopy("", partial(read_square, scene.path, 0, 0, 32)), question)
    assert answer.model_run == run
    assert 0 < answer.score < 1
