"""A site whose services end in the middle: `python -m tests.ended_midway FOLDER`, then a case a line on stdin.

Each case begins with the same site. A forked process does the work up to a step. There it is killed, and the site is
put in order as at its start; or the disk is full there. The answer, a line of JSON, says what is not as it should be.
"""

import errno
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from pkgutil import resolve_name
from types import SimpleNamespace
from typing import Any
from unittest import mock

from tests.prediction.killable import prepare as prepare_mosaic
from tests.prediction.killable import start, use_slow_cells
from tests.site_condition import how_it_is, state, unsettled

FORK = get_context("fork")
PLACE = {"event": "Quake", "town": "Town"}
CROPS = 6


def prepare(folder: Path) -> None:
    """A mosaic with a finished prediction, tagged crops, and a square that is not cut yet."""
    import numpy as np
    from PIL import Image

    from damage.accounts.services import create_account
    from damage.ingestion.models import Scene
    from prediction.services import predict
    from tagging.importing import import_crops
    from tagging.models import Question
    from tagging.services import record_tag
    from training.models import ModelRun

    prepare_mosaic(folder)
    draw_crops(folder / "given" / "first", seed=0)
    import_crops(folder / "given" / "first" / "crops.csv", event="Quake")
    draw_crops(folder / "given" / "second", seed=1)
    Image.fromarray(np.full((90, 120, 3), 90, np.uint8)).save(folder / "given" / "photo.png")
    (folder / "noise.tif").replace(folder / "given" / "noise.tif")
    scene, question = Scene.objects.get(), Question.objects.get(slug="damage")
    Scene.objects.update(in_place_path=str(folder / "given" / "noise.tif"))
    tagger = create_account(username="rosa", password="practice-tags", role="volunteer")
    record_tag(tagger=tagger, question=question, scene=scene, x_px=8, y_px=8, size_px=99, answer="positive")
    scene.refresh_from_db()
    predict(scene, ModelRun.objects.get(status="done"), requested_by=None)


def draw_crops(folder: Path, *, seed: int) -> None:
    """A list of crops of noise, as `import_crops` takes it."""
    import numpy as np
    from PIL import Image

    folder.mkdir(parents=True)
    lines = ["file,town,label"]
    for number in range(CROPS):
        pixels = np.random.default_rng((seed, number)).integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        lines.append(f"{number}.png,Town,damage")
    (folder / "crops.csv").write_text("\n".join(lines) + "\n")


def ingest_photo(folder: Path) -> None:
    from damage.ingestion import services

    services.ingest_photo(folder / "given" / "photo.png", **PLACE)


def import_crops(folder: Path) -> None:
    from tagging import importing, storing_many

    with mock.patch.object(storing_many, "CROPS_AT_ONCE", 2):
        importing.import_crops(folder / "given" / "second" / "crops.csv", event="Quake")


def cut_crops(folder: Path) -> None:
    from tagging.cutting import cut_pending_crops

    cut_pending_crops()


def train(folder: Path) -> None:
    """A training, whose network and log are made up."""
    from damage.work import claims
    from tagging.models import Crop, Question
    from training import executor, services
    from training.models import ModelRun, ModelRunCrop

    run = ModelRun(question=Question.objects.get(slug="damage"), backbone="tiny", window_px=32)
    crops = [ModelRunCrop(crop=crop, part="train", is_positive=True) for crop in Crop.objects.all()]
    services.create_queued_run(run, crops, [])
    made_up = SimpleNamespace(
        scores={"train": [0.5] * len(crops)}, left_out_scores=[0.5] * len(crops),
        metrics={"train": {"auc": 0.5}}, threshold=0.5, threshold_reason="",
        files={"keras": b"weights", "openvino_xml": b"<net/>", "openvino_bin": b"0" * 99},
    )  # fmt: skip
    with (
        mock.patch.multiple(claims, library_versions=dict, hardware=dict),
        mock.patch.dict(sys.modules, {"training.report.tensorboard": SimpleNamespace(write_log=_write_log)}),
        mock.patch.object(executor, "_fitted", return_value=made_up),
    ):
        executor.carry_out(run)


def _write_log(folder: Path, **told: Any) -> None:
    folder.mkdir()
    (folder / "events").write_text("0.5")


def import_model(folder: Path) -> None:
    """A file that another site exported, taken for checked."""
    from tagging.models import Question
    from training.registry import exchange
    from training.registry.model_package import Package

    facts = {
        "backbone": "tiny", "head": "softmax", "seed": 0, "parameters": {}, "dataset_sha256": "", "window_m": 16.0,
        "window_px": 32, "metrics": {}, "threshold": 0.5, "threshold_reason": "", "code_version": "",
        "library_versions": {}, "hardware": {},
    } | dict.fromkeys(exchange.KEPT)  # fmt: skip
    manifest = {"facts": facts, "files": {"keras": "model.keras"}}
    package = Package(sha256="5" * 64, manifest=manifest, members={"model.keras": b"weights" * 99})
    with (
        mock.patch.object(exchange, "read_package", return_value=package),
        mock.patch.object(exchange.ModelCardFacts, "of_json", lambda told: SimpleNamespace(**told)),
        mock.patch.multiple(
            exchange, _check_known=mock.DEFAULT, check_files=mock.DEFAULT, _check_scores=mock.DEFAULT
        ),
    ):
        exchange.import_model(folder, Question.objects.get(slug="damage"))


def predict(folder: Path) -> None:
    from damage.ingestion.models import Scene
    from prediction import services
    from training.models import ModelRun

    services.predict(Scene.objects.get(), ModelRun.objects.get(status="done"), requested_by=None)


def rethreshold(folder: Path) -> None:
    from prediction import services
    from prediction.models import PredictionRun

    services.rethreshold(PredictionRun.objects.get(), threshold=0.3)


def export_model(folder: Path) -> None:
    from training.models import ModelRun
    from training.registry import exchange

    with mock.patch.object(exchange, "write_model", lambda run, file, site: file.write(b"half")):
        exchange.export_model(ModelRun.objects.get(), folder / "out.damage-model")


ACTIONS = {
    action.__name__: action
    for action in (
        ingest_photo,
        import_crops,
        cut_crops,
        train,
        import_model,
        export_model,
        predict,
        rethreshold,
    )
}


def killed(folder: Path, action: str, step: str, calls: int, *, is_done: bool) -> dict[str, Any]:
    """Kill an action where it has called a step so many times, put the site in order, and say how it is."""
    from damage.recovery import recover

    before = in_child(state)
    kill_at(lambda: ACTIONS[action](folder), step, calls, is_done=is_done)
    told = in_child(recover)
    settled = in_child(lambda: unsettled(folder))
    if is_queued():
        in_child(work_off)
    found = in_child(lambda: how_it_is(folder, before))
    return found | {"told": told, "unsettled": [*settled, *found["unsettled"]]}


def without_room(folder: Path, action: str, step: str, calls: int, *, of_database: bool) -> dict[str, Any]:
    """Let a step find no room on the disk when it is called for the so-many-th time, and say how the site is then."""
    from django.db import OperationalError

    error = (
        OperationalError("database or disk is full")
        if of_database
        else OSError(errno.ENOSPC, "No space left on device")
    )

    def refuse() -> None:
        raise error

    def refused() -> list[str]:
        from damage.disk import trouble_explained
        from damage.errors import Refused
        from prediction.models import PredictionRun
        from training.models import ModelRun

        said = ["it went on"]
        try:
            with stopping(step, calls, refuse, is_done=False), trouble_explained():
                ACTIONS[action](folder)
        except Refused as refusal:
            said = [type(refusal).__name__, str(refusal)]
        failed = [model.objects.filter(status="failed") for model in (ModelRun, PredictionRun)]
        return said + [str(run.error) for runs in failed for run in runs]

    before = in_child(state)
    said = in_child(refused)
    return in_child(lambda: how_it_is(folder, before)) | {"said": said}


def kill_at(work: Callable[[], object], step: str, calls: int, *, is_done: bool) -> None:
    """Do the work in a process that is killed before, or after, it calls a step for the so-many-th time."""
    here, there = FORK.Pipe(duplex=False)

    def stopped() -> None:
        with stopping(step, calls, tell_and_wait, is_done=is_done):
            work()

    def tell_and_wait() -> None:
        there.send("here")
        signal.pause()

    child = FORK.Process(target=stopped)
    child.start()
    there.close()
    try:
        here.recv()
    except EOFError:
        raise RuntimeError(f"It never came to {step}.") from None
    finally:
        child.kill()
        child.join()


def stopping(step: str, calls: int, tell: Callable[[], object], *, is_done: bool) -> Any:
    """Replace a function by one that tells at its so-many-th call, instead of being done or after it."""
    module, _dot, name = step.rpartition(".")
    original = getattr(resolve_name(module), name)
    called = 0

    def stopped(*args: Any, **kwargs: Any) -> Any:
        nonlocal called
        called += 1
        if called < calls:
            return original(*args, **kwargs)
        if is_done:
            original(*args, **kwargs)
        return tell()

    return mock.patch(step, stopped)


def in_child(ask: Callable[[], Any]) -> Any:
    """What a function gives, in a process of its own: no thread of a library is there when the next one is forked."""
    here, there = FORK.Pipe(duplex=False)
    child = FORK.Process(target=lambda: there.send(ask()))
    child.start()
    there.close()
    try:
        return here.recv()
    except EOFError:
        raise RuntimeError("see the standard error") from None
    finally:
        child.join()


def is_queued() -> bool:
    """Whether something is left to be gone on with."""
    from django_tasks_db.models import DBTaskResult

    return bool(in_child(lambda: DBTaskResult.objects.ready().count()))


def work_off() -> None:
    """Do what is queued, as the worker that comes next does."""
    from django.core.management import call_command

    call_command("db_worker", batch=True, interval=0, verbosity=0)


HOWS: dict[str, Callable[..., dict[str, Any]]] = {
    "killed before": partial(killed, is_done=False),
    "killed after": partial(killed, is_done=True),
    "full disk": partial(without_room, of_database=False),
    "full database": partial(without_room, of_database=True),
}


def main(folder: Path) -> None:
    """Prepare the site once; answer each case with what it left of it."""
    os.environ["DAMAGE_GEOCODER"] = "nominatim"
    start(folder)
    from prediction.addresses import ADDRESSES

    ADDRESSES["nominatim"] = lambda lons, lats: (
        [""] * len(lons)
    )  # the offline one reads its towns for seconds
    use_slow_cells(wait_s=0.0)
    import training.registry.exchange  # noqa: F401 - once here, instead of in every forked process

    kept = folder.with_name(f"{folder.name}-kept")
    in_child(lambda: prepare(folder))
    shutil.copytree(folder, kept)
    print("prepared", flush=True)
    for line in sys.stdin:
        try:
            how, *case = json.loads(line)
            answer = HOWS[how](folder, *case)
        except RuntimeError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer, default=str), flush=True)
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(kept, folder, dirs_exist_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
