"""Finished models at work, and their door in the API."""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from damage.environment import BASE_DIR
from damage.errors import Refused
from damage.ingestion.rasters import read_square
from tagging.services import image_bytes
from training.data.crop_files import CropCopy
from training.inference import NoModel, answer_for_window, load_engine, load_keras_engine
from training.models import ModelFile

RUBBLE = (0, 0, 32)
GROUND = (32, 0, 32)


def spoil(run, kind):
    """Flip one bit of a model file."""
    row = run.files.get(kind=kind)
    content = bytearray(row.file.open("rb").read())
    content[len(content) // 2] ^= 1
    with row.file.storage.open(row.file.name, "wb") as file:
        file.write(bytes(content))


def test_an_engine_gives_the_scores_that_training_recorded(run):
    from training.data.crop_files import CropImage, read_pixels

    rows = list(run.crops_of("test"))
    windows = np.stack(
        [read_pixels(CropImage(row.crop.sha256, lambda row=row: image_bytes(row.crop))) for row in rows]
    )
    recorded = np.array([row.score for row in rows])
    assert np.abs(load_engine(run).scores(windows) - recorded).max() < 1e-3
    assert np.abs(load_keras_engine(run).scores(windows) - recorded).max() < 1e-3


def test_a_model_stays_compiled(run):
    assert load_engine(run) is load_engine(run)


@pytest.mark.parametrize("kind", [ModelFile.Kind.OPENVINO_XML, ModelFile.Kind.OPENVINO_BIN])
def test_a_changed_file_is_not_loaded(run, kind):
    spoil(run, kind)
    with pytest.raises(Refused, match="not the one that training made"):
        load_engine(run)


def test_a_changed_keras_file_is_not_loaded(run):
    spoil(run, ModelFile.Kind.KERAS)
    with pytest.raises(Refused, match="not the one that training made"):
        load_keras_engine(run)


def test_a_missing_file_is_refused(run):
    row = run.files.get(kind=ModelFile.Kind.OPENVINO_BIN)
    row.file.storage.delete(row.file.name)
    with pytest.raises(Refused, match="missing"):
        load_engine(run)


def test_a_run_without_files_is_refused(run):
    run.files.all().delete()
    with pytest.raises(Refused, match="no files to predict with"):
        load_engine(run)


def test_the_model_answers_for_a_square(promoted, scene, question):
    rubble = answer_for_window(CropCopy("", partial(read_square, scene.path, *RUBBLE)), question)
    ground = answer_for_window(CropCopy("", partial(read_square, scene.path, *GROUND)), question)
    assert rubble.score > ground.score
    assert (rubble.model_run, rubble.threshold) == (promoted, promoted.threshold)
    assert not ground.is_positive
    assert ground.label == "No damage"


def test_without_a_model_there_is_no_answer(scene, question):
    with pytest.raises(NoModel):
        answer_for_window(CropCopy("", partial(read_square, scene.path, *RUBBLE)), question)


def test_answering_does_not_load_tensorflow():
    code = (
        "import os, sys; os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'damage.settings'); "
        "import django; django.setup(); import training.api, training.inference, training.tasks; "
        "sys.exit(bool({'tensorflow', 'keras', 'sklearn'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=BASE_DIR, check=False).returncode == 0
