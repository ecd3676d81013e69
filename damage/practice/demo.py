"""The whole job on a practice event: ingest, tag, train, predict, compare. Every step may be done again."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _
from shapely import box

from damage.accounts.models import Role, User
from damage.errors import Refused
from damage.ingestion.models import Scene, SceneKind
from damage.ingestion.services import ingest_mosaic, ingest_photo
from damage.practice.accounts import create_demo_accounts, simulated_people
from damage.practice.comparison import comparison
from damage.practice.events import PracticeEvent, PracticeTown, read_practice_event, write_practice_event
from damage.practice.outlines import Outline, read_mosaic_outlines, read_photo_outlines
from damage.practice.plan import BORDER_M
from damage.practice.volunteers import VOLUNTEERS, Square, View, answers, squares_to_tag
from damage.work.progress import Progress, no_progress
from prediction.models import PredictionRun
from prediction.services import predict
from tagging.models import Question, Tag
from tagging.services import find_question, record_tag
from training.config import TrainingConfig
from training.models import ModelRun
from training.networks.backbones.registry import DEFAULT_BACKBONE
from training.registry.promotions import confirm, propose
from training.services import train

SEED = 1
# What a training measures by itself, which takes two minutes more.
NETWORK_PX = 128
EVENT_FOLDER, SUMMARY = "practice", "demo.json"
Bars = Callable[[str, str], AbstractContextManager[Progress]]
Scenes = dict[Path, Scene]


@contextmanager
def no_bars(label: str, unit: str) -> Iterator[Progress]:
    """Show nothing."""
    yield no_progress


@dataclass(frozen=True)
class Demo:
    """What may be chosen of a demo; `drawing` goes to `write_practice_event`."""

    seed: int = SEED
    backbone: str = DEFAULT_BACKBONE
    drawing: dict[str, Any] = field(default_factory=dict)
    bars: Bars = no_bars


def run_demo(demo: Demo) -> dict[str, Any]:
    """Do what is not done yet and return the summary; a finished demo is only read again."""
    done = _finished()
    if done is not None:
        return done
    begun = perf_counter()
    seconds: dict[str, float] = {}

    def lap(step: str) -> None:
        seconds[step] = round(perf_counter() - begun - sum(seconds.values()), 1)

    accounts_file = create_demo_accounts()
    event = _event(demo)
    lap("drawing")
    scenes = _ingested(event, demo)
    lap("ingestion")
    question = find_question("damage")
    _tag(event, scenes, question, demo)
    lap("tagging")
    model_run = _trained(event, question, demo)
    _promote(model_run)
    lap("training")
    maps = _mapped(event.towns[-1], scenes, model_run, demo)
    lap("prediction")
    summary = {
        "ok": True,
        "event": event.name,
        "towns": [town.name for town in event.towns],
        "photos": sum(scene.kind == SceneKind.PHOTO for scene in scenes.values()),
        "mosaics": sum(scene.kind == SceneKind.MOSAIC for scene in scenes.values()),
        **_tagged(question),
        "training": _learnt(model_run),
        "maps": maps,
        "accounts_file": str(accounts_file),
        "seconds": seconds,
    }
    _keep(summary)
    return summary


def _finished() -> dict[str, Any] | None:
    """The summary of a demo whose runs are still there."""
    path = settings.DATA_DIR / SUMMARY
    if not path.is_file():
        return None
    summary: dict[str, Any] = json.loads(path.read_text())
    runs = [one["prediction_run"] for one in summary["maps"]]
    there = PredictionRun.objects.filter(pk__in=runs, model_run=summary["training"]["model_run"]).count()
    return summary if there == len(runs) else None


def _keep(summary: dict[str, Any]) -> None:
    """Put the summary in its place, whole."""
    unfinished = settings.DATA_DIR / f".{SUMMARY}"
    unfinished.write_text(json.dumps(summary, indent=2))
    unfinished.replace(settings.DATA_DIR / SUMMARY)


def _event(demo: Demo) -> PracticeEvent:
    folder = settings.DATA_DIR / EVENT_FOLDER
    try:
        if not folder.exists():
            with demo.bars(_("drawing towns"), _("picture")) as progress:
                return write_practice_event(folder, seed=demo.seed, progress=progress, **demo.drawing)
        return read_practice_event(folder)
    except FileNotFoundError as error:
        raise Refused(
            _("%(folder)s holds no practice event.") % {"folder": folder}, _("Move it out of the way.")
        ) from error


def _ingested(event: PracticeEvent, demo: Demo) -> Scenes:
    """The event's scenes by file, those that were there before too."""
    files = []
    for town in event.towns:
        files += [(path, town.name, ingest_photo) for path in town.photos]
        mosaics = (town.mosaic, town.mosaic_before)
        files += [(path, town.name, ingest_mosaic) for path in mosaics if path is not None]
    scenes: Scenes = {}
    with demo.bars(_("ingesting"), _("file")) as progress:
        for path, town_name, ingest in files:
            scenes[path] = ingest(path, event=event.name, town=town_name).scene
            progress(len(scenes), len(files))
    return scenes


def _tag(event: PracticeEvent, scenes: Scenes, question: Question, demo: Demo) -> None:
    """Have simulated volunteers tag all towns but the last; tags that are there are left as they are."""
    rng = np.random.default_rng(demo.seed)
    people = simulated_people(VOLUNTEERS)
    planned = []
    for town in event.towns[:-1]:
        for path in (*town.photos, town.mosaic):
            for square in _squares(rng, town, path, scenes[path], question):
                planned += [(scenes[path], square, *one) for one in answers(rng, square)]
    there = _tagged_squares(people)
    with demo.bars(_("tagging"), _("tag")) as progress:
        for done, (scene, square, volunteer, answer) in enumerate(planned, start=1):
            if (people[volunteer.name].pk, scene.pk, square.x_px, square.y_px) not in there:
                place: dict[str, Any] = {"x_px": square.x_px, "y_px": square.y_px, "size_px": square.size_px}
                record_tag(
                    tagger=people[volunteer.name], question=question, scene=scene, answer=answer, **place
                )
            progress(done, len(planned))


def _tagged_squares(people: dict[str, User]) -> set[tuple[Any, ...]]:
    tags = Tag.objects.filter(tagger__in=people.values())
    return set(tags.values_list("tagger_id", "crop__scene_id", "crop__x_px", "crop__y_px"))


def _squares(
    rng: np.random.Generator, town: PracticeTown, path: Path, scene: Scene, question: Question
) -> list[Square]:
    is_mosaic = scene.kind == SceneKind.MOSAIC
    gsd_m = scene.gsd_m or 1.0
    view = View(scene.width_px, scene.height_px, gsd_m, margin_px=int(BORDER_M / gsd_m) if is_mosaic else 0)
    outlines = (
        _mosaic_outlines(town, scene)
        if is_mosaic
        else read_photo_outlines(town.truth, town.photo_truth, photo=path.name)
    )
    rounds = 2 if is_mosaic else 1
    return squares_to_tag(rng, outlines, view, size_px=question.side_px(scene), rounds=rounds)


def _mosaic_outlines(town: PracticeTown, scene: Scene) -> list[Outline]:
    return read_mosaic_outlines(town.truth, transform=scene.transform or (), crs_wkt=scene.crs_wkt)


def _trained(event: PracticeEvent, question: Question, demo: Demo) -> ModelRun:
    first, second = (f"{event.name}/{town.name}" for town in event.towns[:2])
    training_config = TrainingConfig(
        backbone=demo.backbone,
        train_towns=[first],
        validation_towns=[second],
        seed=demo.seed,
        network_px=NETWORK_PX,
    )
    with demo.bars(_("training"), _("crop")) as progress:
        return train(question, training_config, requested_by=_admin(), progress=progress)


def _promote(model_run: ModelRun) -> None:
    """Let two people decide, as it should be: the admin proposes, the analyst confirms."""
    admin, analyst = (User.objects.get(username=role.value) for role in (Role.ADMIN, Role.ANALYST))
    confirm(propose(model_run, by=admin, reason=_("The demo's model.")), by=analyst)


def _mapped(town: PracticeTown, scenes: Scenes, model_run: ModelRun, demo: Demo) -> list[dict[str, Any]]:
    """Predict the last town after and before the earthquake; before, nothing was damaged."""
    maps = []
    for moment, path in (("after", town.mosaic), ("before", town.mosaic_before)):
        if path is None:
            continue
        scene = scenes[path]
        with demo.bars(_("predicting %(scene)s") % {"scene": scene.name}, "px") as progress:
            run = predict(scene, model_run, requested_by=_admin(), progress=progress)
        outlines = _mosaic_outlines(town, scene)
        if moment == "before":
            outlines = [Outline("none", one.lookalike, one.shape) for one in outlines]
        boxes = [
            box(one.x_px, one.y_px, one.x_px + one.width_px, one.y_px + one.height_px) for one in run.found()
        ]
        maps.append(
            {
                "town": town.name,
                "moment": moment,
                "scene": scene.pk,
                "prediction_run": run.pk,
                **comparison(boxes, outlines).as_json(),
                "geojson": run.geojson_file.path,
                "shapefile": run.shapefile_zip.path,
            }
        )
    return maps


def _admin() -> User | None:
    return User.objects.filter(role=Role.ADMIN).order_by("pk").first()


def _tagged(question: Question) -> dict[str, Any]:
    tags = Tag.objects.filter(question=question, tagger__username__in=[one.name for one in VOLUNTEERS])
    return {
        "tags": tags.count(),
        "crops": tags.values("crop").distinct().count(),
        "volunteers": [
            asdict(one) | {"tags": tags.filter(tagger__username=one.name).count()} for one in VOLUNTEERS
        ],
    }


def _learnt(run: ModelRun) -> dict[str, Any]:
    measured = run.metrics["validation"]
    return {
        "model_run": run.pk,
        "backbone": run.backbone,
        "threshold": run.threshold,
        **{name: measured[name] for name in ("auc", "balanced_accuracy", "precision", "recall")},
    }
