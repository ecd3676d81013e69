"""How a site is after its services ended in the middle: are rows and files there, together and settled?"""

import hashlib
import json
from pathlib import Path
from typing import Any


def how_it_is(folder: Path, before: dict[str, str]) -> dict[str, Any]:
    """What is not as it should be; each list is to be empty."""
    return {
        "lost": lost(before, state()),
        "strays": strays(folder),
        "missing": missing(),
        "unsettled": unsettled(folder),
    }


def state() -> dict[str, str]:
    """Each row and each stored file, by what it is, as it is."""
    from django.apps import apps
    from django.conf import settings

    found = {}
    for model in apps.get_models():
        if model._meta.app_label in ("ingestion", "tagging", "training", "prediction"):
            for row in model._base_manager.values():
                found[f"{model._meta.model_name} {row[model._meta.pk.attname]}"] = json.dumps(
                    row, default=str, sort_keys=True
                )
    files = Path(settings.MEDIA_ROOT)
    for path in files.rglob("*"):
        if path.is_file():
            found[f"file {path.relative_to(files)}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def lost(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What was there before and is gone or changed."""
    return sorted(name for name, value in before.items() if after.get(name) != value)


def strays(folder: Path) -> list[str]:
    """Files that no row names, and what is left of work.

    Logs of trainings belong to finished runs, blocks of predictions to those that can be gone on with.
    """
    from damage.stored_files import named_in_rows
    from prediction.models import PredictionRun
    from training.models import ModelRun

    files = [
        path for path in folder.rglob("*") if path.is_file() and path.parts[len(folder.parts)] != "given"
    ]
    names = {str(path.relative_to(folder)) for path in files}
    stored = {name.removeprefix("files/") for name in names if name.startswith("files/")}
    unnamed = {f"files/{name}" for name in stored - named_in_rows(sorted(stored))}
    logs = tuple(
        f"tensorboard/run-{pk}/" for pk in ModelRun.objects.filter(status="done").values_list("pk", flat=True)
    )
    resumable = PredictionRun.objects.exclude(status="done").values_list("pk", flat=True)
    blocks = {f"prediction-work/{pk}" for pk in resumable}
    known = ("files/", "damage.sqlite3", "work/cutting/", *logs, *(f"{place}/" for place in blocks))
    others = {name for name in names if not name.startswith(known)}
    left = {
        f"{place}/{path.name}"
        for place in ("work", "workers", "training-work", "prediction-work")
        for path in (folder / place).glob("*")
        if path.name != "cutting"  # whose lock stays
    }
    return sorted(unnamed | others | left - blocks)


def missing() -> list[str]:
    """Files that rows name and that are not there."""
    from django.apps import apps
    from django.core.files.storage import default_storage
    from django.db.models import FileField

    names = [
        name
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, FileField)
        for name in model._base_manager.exclude(**{field.name: ""}).values_list(field.name, flat=True)
    ]
    return sorted(name for name in names if not default_storage.exists(name))


def unsettled(folder: Path) -> list[str]:
    """Runs that are at work though nobody is, or wait though no task will come for them."""
    from prediction.models import PredictionRun
    from prediction.tasks import run_prediction
    from training.models import ModelRun
    from training.recovery import waiting_for_a_worker
    from training.tasks import run_training

    found = []
    for model, task in ((ModelRun, run_training), (PredictionRun, run_prediction)):
        waiting = waiting_for_a_worker(task)
        found += [
            f"{run.named} {run.status}"
            for run in model.objects.all()
            if run.status == "running" or (run.status == "queued" and run.pk not in waiting)
        ]
    return found
