"""Models that go to other sites and come from them, as one file each; and what is told of one: card and STAC Item."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from damage.disk import trouble_of
from damage.environment import BASE_DIR
from damage.errors import Refused
from damage.messages import Message as _
from damage.stored_files import new_files, remove_unnamed
from tagging.answers import CountsAs
from tagging.models import Question
from training.config import HEAD_NAMES, STUDENT_HEAD
from training.data.towns import town_labels
from training.inference import (
    checked_bytes,
    engine_of,
    keras_engine_of,
    kind_of,
    load_engine,
    packed_files,
    window_px_of,
)
from training.models import ModelFile, ModelRun, ModelRunCrop
from training.networks.backbones.registry import BACKBONES, find_backbone
from training.networks.engines import TOLERANCE
from training.networks.kinds import DENSE, kind_of_record
from training.registry.model_card import ModelCardFacts, TownFacts, model_card
from training.registry.model_package import CARD, LICENCE, STAC, Package, read_package, write_package
from training.registry.probe_windows import probe_windows
from training.registry.stac_mlm import stac_item
from training.registry.untrusted import check_files, parameter_count
from training.storing import FILE_NAMES, put_files, store_rows

Part = ModelRunCrop.Part
SUFFIX = ".damage-model"
# What an imported run keeps of its file beside what its row holds.
KEPT = ("model_run", "towns", "calibration", "bounds_4326", "total_parameters", "trained_at")


@dataclass(frozen=True)
class Imported:
    """The run that a file became, and whether it was there before."""

    run: ModelRun
    is_new: bool


def facts_of(run: ModelRun) -> ModelCardFacts:
    """All that is told of a finished run; of an imported one, as its file told it."""
    _check_portable(run)
    imported = run.parameters.get("imported")
    told = {name: imported[name] for name in KEPT} if imported else _own_facts(run)
    question, backbone = run.question, find_backbone(run.backbone)
    network = {
        **run.parameters.get("network", {}),
        "window_px": window_px_of(run),
        "is_dense": kind_of(run) is DENSE,
    }
    parameters = {name: value for name, value in run.parameters.items() if name != "imported"}
    return ModelCardFacts.of_json(
        {
            "question": question.slug,
            "question_text": question.text,
            "positive_label": question.words_counting_as(CountsAs.POSITIVE, "en"),
            "negative_label": question.words_counting_as(CountsAs.NEGATIVE, "en"),
            "backbone": run.backbone,
            "backbone_title": backbone.title,
            "backbone_licence": backbone.licence,
            "network_px": window_px_of(run),
            "head": run.head,
            "seed": run.seed,
            "parameters": parameters | {"network": network},
            "dataset_sha256": run.dataset_sha256,
            "window_m": run.window_m,
            "window_px": run.window_px,
            "metrics": run.metrics,
            "threshold": run.threshold,
            "threshold_reason": run.threshold_reason,
            "code_version": run.code_version,
            "library_versions": run.library_versions,
            "hardware": run.hardware,
            **told,
        }
    )


def card_of(run: ModelRun) -> str:
    """The run's model card, in Markdown."""
    return model_card(facts_of(run))


def stac_of(run: ModelRun) -> dict[str, Any]:
    """The run as a STAC Item; its files are those in the exported file."""
    return _stac(facts_of(run), {row.kind: (row.sha256, row.size_bytes) for row in _files_of(run)})


def write_model(run: ModelRun, file: BinaryIO, *, site: str = "") -> None:
    """Write the run's one file: the same bytes every time, while its code, question and libraries are the same."""
    facts = facts_of(run)
    rows = {row.kind: row for row in _files_of(run)}
    files = {kind: checked_bytes(row) for kind, row in rows.items()}
    stac = _stac(facts, {kind: (row.sha256, row.size_bytes) for kind, row in rows.items()})
    names = {kind: _member(kind) for kind in files}
    texts = {
        CARD: model_card(facts).encode(),
        STAC: json.dumps(stac, indent=1, sort_keys=True).encode(),
        LICENCE: (BASE_DIR / "LICENSE").read_bytes(),
    }
    manifest = {"site": site, "facts": facts.as_json(), "files": names, "probe": _probed(run)}
    write_package(file, manifest, texts | {names[kind]: content for kind, content in files.items()})


def export_model(run: ModelRun, path: Path, *, site: str = "") -> str:
    """Write the run's one file, whole or not at all; gives its sha256."""
    if path.exists():
        raise Refused(_("%(path)s exists already.") % {"path": path}, _("Name another file."))
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            write_model(run, file, site=site)
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        part.replace(path)
    except OSError as error:
        raise trouble_of(error) or Refused(
            _("%(path)s cannot be written: %(why)s.") % {"path": path, "why": error.strerror}
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return digest


def import_model(path: Path, question: Question, *, sha256: str | None = None) -> Imported:
    """Make a candidate of a file that a site exported; one that is changed or foreign is refused, and nothing kept."""
    package = read_package(path, sha256=sha256)
    if present := _present(package, question):
        return Imported(present, is_new=False)
    facts = ModelCardFacts.of_json(package.manifest["facts"])
    _check_known(facts, package)
    check_files(package.files)
    return _stored(package, facts, question)


def _own_facts(run: ModelRun) -> dict[str, Any]:
    """What the run's own crops and files tell."""
    keras = next((row for row in _files_of(run) if row.kind == ModelFile.Kind.KERAS), None)
    places = run.run_crops.filter(part=Part.TRAIN).exclude(crop__lon=None).exclude(crop__lat=None)
    points = np.array(places.values_list("crop__lon", "crop__lat"), float)
    return {
        "model_run": run.pk,
        "towns": [vars(town) for town in _towns(run)],
        "calibration": _calibration(run),
        "bounds_4326": [*points.min(axis=0).tolist(), *points.max(axis=0).tolist()] if len(points) else None,
        "total_parameters": parameter_count(checked_bytes(keras)) if keras else 0,
        "trained_at": f"{run.finished_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def _towns(run: ModelRun) -> list[TownFacts]:
    """Each town's part; towns of one name, of two events, stand apart, with their events in their names."""
    from training.report.charts import metrics_by_town

    measured = metrics_by_town(run)
    rows = run.run_crops.values_list("crop__town", "part", "crop__sha256", "is_positive")
    by_town: dict[tuple[int, str], list[tuple[str, bool]]] = {}
    for town, part, sha256, is_positive in rows:
        by_town.setdefault((town, part), []).append((sha256, is_positive))
    labels = town_labels(town for town, _part in by_town)
    told = [
        TownFacts(
            town=labels[town],
            part=part,
            crops=len(crops),
            positive=sum(is_positive for _sha256, is_positive in crops),
            sha256=hashlib.sha256("\n".join(sorted(sha256 for sha256, _yes in crops)).encode()).hexdigest(),
            metrics=measured.get((town, part)),
        )
        for (town, part), crops in by_town.items()
    ]
    return sorted(told, key=lambda each: (each.town, each.part))


def _calibration(run: ModelRun) -> dict[str, Any] | None:
    from training.evaluation.calibration import reliability
    from training.report.charts import answers_and_scores, measured_part

    part = measured_part(run)
    answers, scores = answers_and_scores(run, part)
    if not len(scores):
        return None
    found = reliability(answers, scores)
    return {"part": part.value, "expected_error": found.expected_error, "brier": found.brier}


def _stac(facts: ModelCardFacts, files: dict[str, tuple[str, int]]) -> dict[str, Any]:
    backbone = find_backbone(facts.backbone)
    kind = kind_of_record(facts.parameters["network"])
    members = {kind: (_member(kind), *described) for kind, described in files.items()}
    return stac_item(facts, backbone, members, kind)


def _member(kind: str) -> str:
    return FILE_NAMES[ModelFile.Kind(kind)]


def _files_of(run: ModelRun) -> Iterable[ModelFile]:
    return run.files.order_by("kind")


def _probed(run: ModelRun) -> list[float]:
    windows = probe_windows(window_px_of(run))
    return [round(float(score), 6) for score in load_engine(run).scores(windows)]


def _check_portable(run: ModelRun) -> None:
    if run.status != ModelRun.Status.DONE or run.threshold is None or not run.files.exists():
        raise Refused(_("%(run)s is not finished.") % {"run": run.named}, _("Choose a finished model run."))
    if not kind_of(run).is_portable:
        raise Refused(
            _(
                "%(run)s has no network: models of classical features, there for comparison, are not handed on."
            )
            % {"run": run.named},
            _("Choose a run that was trained with a backbone."),
        )


def _check_known(facts: ModelCardFacts, package: Package) -> None:
    """Refuse what this version of Damage cannot use."""
    remedy = _("Update Damage to the version that exported it: %(version)s.") % {
        "version": facts.code_version
    }
    if facts.backbone not in BACKBONES:
        raise Refused(
            _("The model's backbone %(name)s is not known here.") % {"name": facts.backbone}, remedy
        )
    if facts.head not in (*HEAD_NAMES, STUDENT_HEAD):
        raise Refused(_("The model's head %(name)s is not known here.") % {"name": facts.head}, remedy)
    names = {kind: _member(kind) for kind in package.files if kind in ModelFile.Kind.values}
    if names != package.manifest["files"]:
        raise Refused(_("The model has kinds of files that are not known here."), remedy)


def _stored(package: Package, facts: ModelCardFacts, question: Question) -> Imported:
    """The new candidate; its model must have given the probe's scores on every engine, or nothing is stored."""
    run = _new_run(package, facts, question)
    _check_scores(run, package)
    with new_files() as files:
        rows = put_files(f"imported-{package.sha256[:12]}", package.files, files)
        with transaction.atomic():
            # Somebody else may have taken in the same file meanwhile: then theirs stays.
            present = _present(package, question)
            if present is None:
                run.save()
                store_rows(run, rows)
        if present:
            remove_unnamed(files)
    return Imported(present or run, is_new=present is None)


def _present(package: Package, question: Question) -> ModelRun | None:
    return question.model_runs.filter(parameters__imported__sha256=package.sha256).first()


def _new_run(package: Package, facts: ModelCardFacts, question: Question) -> ModelRun:
    told = package.manifest["facts"]
    origin = {"sha256": package.sha256, "site": package.manifest.get("site", "")}
    now = timezone.now()
    return ModelRun(
        question=question,
        status=ModelRun.Status.DONE,
        backbone=facts.backbone,
        head=facts.head,
        seed=facts.seed,
        parameters={**facts.parameters, "imported": origin | {name: told[name] for name in KEPT}},
        dataset_sha256=facts.dataset_sha256,
        window_m=facts.window_m,
        window_px=facts.window_px,
        metrics=facts.metrics,
        threshold=facts.threshold,
        threshold_reason=facts.threshold_reason,
        code_version=facts.code_version,
        library_versions=facts.library_versions,
        hardware=facts.hardware,
        started_at=now,
        finished_at=now,
    )


def _check_scores(run: ModelRun, package: Package) -> None:
    expected = np.array(package.manifest["probe"])
    windows = probe_windows(window_px_of(run))
    if len(windows) != len(expected):
        raise Refused(_("The model's probe is not the one that this Damage knows."))
    content, threads = packed_files(run, package.files), settings.ENVIRONMENT.threads
    engines = [partial(engine_of, run, content, threads)]
    if keras := package.files.get(ModelFile.Kind.KERAS):
        engines.append(partial(keras_engine_of, run, keras))
    for opened in engines:
        try:
            scores = opened().scores(windows)
        except (RuntimeError, ValueError, TypeError, KeyError, IndexError) as error:
            raise Refused(
                _("The model cannot be opened: %(why)s") % {"why": str(error)[:200]},
                _("Have it exported by a version of Damage with the same libraries."),
            ) from error
        difference = float(np.abs(scores - expected).max())
        if not difference <= TOLERANCE:
            raise Refused(
                _(
                    "The model gives other scores here than where it was exported; they differ by %(difference).4f."
                )
                % {"difference": difference},
                _("Have it exported by a version of Damage with the same libraries."),
            )
