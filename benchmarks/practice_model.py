"""Trains a model on practice towns drawn at the mosaic's resolution, on crops as large as the thesis's windows."""

from pathlib import Path

import numpy as np

from benchmarks.mosaic_writing import GSD_M
from damage.ingestion.models import Scene
from damage.ingestion.services import ingest_mosaic
from damage.practice.accounts import simulated_people
from damage.practice.events import PracticeTown, write_practice_event
from damage.practice.outlines import read_mosaic_outlines
from damage.practice.plan import BORDER_M
from damage.practice.volunteers import UNSURE, VOLUNTEERS, View, squares_to_tag
from damage.work.progress import progress_bar
from tagging.services import find_question, record_tag
from training.config import TrainingConfig
from training.models import ModelRun
from training.services import train

EVENT = "Benchmark"
WINDOW_PX = 299
SIZE_M = 160.0
SEED = 1


def trained_model(folder: Path, *, backbone: str) -> ModelRun:
    """A model of the backbone that has seen squares of `WINDOW_PX` at the mosaic's resolution."""
    with progress_bar("drawing towns", "picture") as progress:
        event = write_practice_event(
            folder / "towns", seed=SEED, towns=2, size_m=SIZE_M, gsd_m=GSD_M, photos=0, progress=progress
        )
    for town in event.towns:
        _tag(town)
    training_config = TrainingConfig(
        backbone=backbone,
        train_towns=[event.towns[0].name],
        validation_towns=[event.towns[1].name],
        seed=SEED,
    )
    with progress_bar("training", "crop") as progress:
        return train(find_question("damage"), training_config, progress=progress)


def for_windows_of(model_run: ModelRun, scene: Scene) -> None:
    """Make the model's windows `WINDOW_PX` of the scene's pixels exactly, where the towns' are a thousandth off."""
    model_run.window_m = WINDOW_PX * (scene.gsd_m or GSD_M)
    model_run.save(update_fields=["window_m"])


def _tag(town: PracticeTown) -> None:
    scene = ingest_mosaic(town.mosaic, event=EVENT, town=town.name).scene
    outlines = read_mosaic_outlines(town.truth, transform=scene.transform or (), crs_wkt=scene.crs_wkt)
    view = View(scene.width_px, scene.height_px, GSD_M, margin_px=int(BORDER_M / GSD_M))
    (person,) = simulated_people(VOLUNTEERS[:1]).values()
    for square in squares_to_tag(np.random.default_rng(SEED), outlines, view, size_px=WINDOW_PX):
        if square.answer != UNSURE:
            record_tag(
                tagger=person,
                question=find_question("damage"),
                scene=scene,
                x_px=square.x_px,
                y_px=square.y_px,
                size_px=WINDOW_PX,
                answer=square.answer,
            )
