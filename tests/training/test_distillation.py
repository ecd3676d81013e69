"""A student learns what its teacher says of windows of a scene that nobody tagged."""

import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from django.core.management import CommandError, call_command
from django.urls import reverse
from rasterio.transform import from_origin

from damage.errors import Conflict, Refused
from damage.ingestion.models import Scene
from damage.ingestion.services import ingest_mosaic
from prediction.services import predict
from tagging.services import image_bytes
from tests.training.conftest import TINY
from tests.training.short_lite import SHORT_LITE, short_lite_known
from training import executor, inference, student_fit
from training.config import TrainingConfig
from training.data.crop_files import CropImage, read_pixels
from training.data.held_out_towns import learnt_from
from training.distillation import DistillationConfig, distil
from training.inference import load_engine
from training.models import ModelRun
from training.networks.backbones.registry import BACKBONES
from training.networks.resize import resized
from training.registry.exchange import card_of, export_model, import_model, stac_of
from training.registry.promotions import confirm, propose
from training.reproduction import reproduce
from training.services import train

WIDTH, HEIGHT, GROUND_TO = 320, 256, 260
OTHER = replace(TINY, name="other", title="Other", contrast=2.0)
TURNED = replace(SHORT_LITE, name="short-lite-turned", orientations=8)


@pytest.fixture
def mosaic(tmp_path, towns) -> Scene:
    """Rubble on the left, plain ground on the right, and nothing (black) beyond column 260."""
    random = np.random.default_rng(3)
    pixels = np.full((HEIGHT, WIDTH, 3), 120.0)
    pixels[:, :100] += random.normal(0, 45, (HEIGHT, 100, 3))
    pixels[:, 100:] += random.normal(0, 3, (HEIGHT, WIDTH - 100, 3))
    pixels = np.clip(pixels, 1, 255)
    pixels[:, GROUND_TO:] = 0
    return written(tmp_path / "oeste.tif", pixels)


def written(path, pixels):
    with rasterio.open(
        path, "w", driver="GTiff", width=pixels.shape[1], height=pixels.shape[0], count=3, dtype="uint8",
        crs="EPSG:32614", transform=from_origin(500_000, 2_000_000, 0.5, 0.5),
    ) as dataset:  # fmt: skip
        dataset.write(pixels.astype(np.uint8).transpose(2, 0, 1))
    return ingest_mosaic(path, event="Practice quake", town="Oeste", in_place=True).scene


@pytest.fixture
def other(tiny, monkeypatch):
    """The name of a second small backbone."""
    monkeypatch.setitem(BACKBONES, OTHER.name, OTHER)
    return OTHER.name


@pytest.fixture
def config(other):
    return DistillationConfig(backbone=other, windows=150)


@pytest.fixture(scope="session")
def outcomes_of_students():
    """What came of the standing distillation, once it was done."""
    return []


@pytest.fixture
def shared_distillation(outcomes_of_students, monkeypatch):
    """Let the standing student be worked out by the first test that asks for it; the others share what came of it."""
    work_out = executor.fitted_student

    def fitted_once(run, *args):
        if not outcomes_of_students:
            outcomes_of_students.append((work_out(run, *args), run.parameters))
        found, parameters = outcomes_of_students[0]
        record = run.parameters["distilled"]
        completed = {name: parameters["distilled"][name] for name in ("windows_sha256", "seconds")}
        run.parameters |= {"head": parameters["head"], "distilled": record | completed}
        return found

    with monkeypatch.context() as patch:
        patch.setattr(executor, "fitted_student", fitted_once)
        yield


@pytest.fixture
def student(run, mosaic, config, shared_distillation):
    return distil(run, [mosaic], config)


def test_a_student_is_a_finished_candidate_that_says_what_it_learnt_from(student, run, mosaic):
    assert (student.status, student.stage, student.parent) == ("done", "candidate", run)
    assert (student.head, student.backbone) == ("ridge-regression", "other")
    assert (student.question, student.window_m, student.dataset_sha256) == (
        run.question,
        run.window_m,
        run.dataset_sha256,
    )
    record = student.parameters["distilled"]
    assert (record["teacher"], record["windows"]) == (run.pk, 150)
    assert [scene["name"] for scene in record["scenes"]] == [mosaic.name]
    assert record["seconds"] > 0
    assert f"A student of model run {run.pk} (tiny)" in student.distillation_words
    assert "oeste.tif" in student.distillation_words


def test_it_says_what_its_teacher_says_of_squares_that_neither_saw(student, run, ground):
    squares = np.stack([ground(7000 + number, noisy=number < 20) for number in range(40)])
    by_teacher, by_student = (load_engine(model).scores(squares) for model in (run, student))
    assert np.array_equal(by_student >= student.threshold, by_teacher >= run.threshold)
    assert student.metrics["distillation"]["r2"] > 0.9
    assert student.metrics["distillation"]["rank_correlation"] > 0.8


def test_its_threshold_is_its_teachers(student, run):
    assert student.threshold == run.threshold
    assert student.threshold_words == "That of its teacher, whose scores it stands in for."
    # A window is 32 px wide: of 229 columns where one may begin the first 70 to 100 show rubble.
    assert 70 / 229 - 0.1 < student.metrics["distillation"]["called_share"] < 100 / 229 + 0.1


def test_it_is_measured_on_the_crops_of_its_teacher_with_its_own_scores(student, run):
    assert student.metrics["test"]["crops"] == run.metrics["test"]["crops"] == 24
    assert student.metrics["test"]["auc"] == 1
    rows = list(student.crops_of("test")[:5])
    pixels = [read_pixels(CropImage(row.crop.sha256, lambda row=row: image_bytes(row.crop))) for row in rows]
    scores = load_engine(student).scores(np.stack([resized(each, 32) for each in pixels]))
    assert scores == pytest.approx([row.score for row in rows], abs=1e-3)


def test_its_town_counts_as_learnt_from_as_its_teachers_do(student):
    assert learnt_from(student) == {
        "practice-quake/norte",
        "practice-quake/este",
        "practice-quake/oeste",
    }


def test_it_predicts_over_the_mosaic(student, mosaic):
    run = predict(mosaic, student, requested_by=None)
    boxes = run.detections.all()
    # The edge of the ground is a sight that nobody taught them.
    middles = [box.x_px + box.width_px / 2 for box in boxes if box.x_px + box.width_px <= GROUND_TO]
    assert middles
    assert max(middles) < 100 + 16


def test_a_second_person_makes_it_the_model_that_answers(student, site_admin, analyst):
    proposal = propose(student, by=site_admin)
    confirm(proposal, by=analyst)
    assert ModelRun.objects.current(student.question) == student
    assert list(proposal.comparison["towns"]) == ["practice-quake/sur"]


def test_it_leaves_and_comes_back(student, question, tmp_path):
    card = card_of(student)
    assert "**A student**" in card
    assert "150 windows of oeste.tif" in card
    assert "its teacher's, tiny: none" in card
    assert stac_of(student)["properties"]["mlm:hyperparameters"]["distilled"]["windows"] == 150
    export_model(student, tmp_path / "student")
    imported = import_model(tmp_path / "student", question).run
    assert card_of(imported) == card
    assert imported.distillation_words == student.distillation_words
    assert learnt_from(imported) == learnt_from(student)


def test_the_same_comes_of_it_again(student, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(executor, "fitted_student", student_fit.fitted_student)
        found = reproduce(student)
    assert found.is_equal
    assert found.same_weights
    digests = {each.parameters["distilled"]["windows_sha256"] for each in (student, found.again)}
    assert len(digests) == 1


@pytest.mark.one_database  # costs much, for its networks
def test_a_dense_student_of_a_dense_teacher_that_looks_from_eight_sides(
    question, mosaic, ground, monkeypatch
):
    monkeypatch.setitem(BACKBONES, TURNED.name, TURNED)
    towns = {"train_towns": ["Norte", "Este"], "test_towns": ["Sur"]}
    with short_lite_known():
        teacher = train(question, TrainingConfig(backbone=TURNED.name, **towns))
        student = distil(teacher, [mosaic], DistillationConfig(backbone=SHORT_LITE.name, windows=100))
        assert inference.kind_of(student).name == "dense"
        assert student.parameters["input_side"]["side_px"] == 64
        squares = np.stack([resized(ground(7000 + number, noisy=number < 5), 64) for number in range(10)])
        scores = load_engine(student).scores(squares)
    assert scores[:5].min() > scores[5:].max()


def test_the_page_tells_of_the_teacher(student, client, site_admin):
    client.force_login(site_admin)
    html = client.get(reverse("model-run", args=[student.pk])).content.decode()
    assert "A student of model run" in html


def test_the_command_makes_one_and_says_how_it_did(run, mosaic, other, shared_distillation, capsys):
    arguments = ["distil", str(run.pk), "--scene", mosaic.name, "--backbone", other, "--windows", "150"]
    call_command(*arguments, "--json")
    result = json.loads(capsys.readouterr().out)
    student = ModelRun.objects.get(pk=result["model_run"])
    assert (result["teacher"], result["threshold"]) == (run.pk, student.threshold)
    call_command(*arguments)
    shown = " ".join(capsys.readouterr().out.split())
    assert f"a student of model {run.pk}: threshold" in shown
    assert "test of its teacher (24 crops): auc 1.000" in shown
    assert "drawn by chance" in shown


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"windows": 99}, "learns from 100 to"),
        ({"seed": -1}, "seed must not be negative"),
        ({"backbone": "hog"}, "There is no backbone 'hog'"),
        ({"backbone": "tiny"}, "would see what its teacher sees"),
    ],
)
def test_what_cannot_be_chosen_is_refused_before_any_row(run, mosaic, config, changed, reason):
    with pytest.raises(Refused, match=reason):
        distil(run, [mosaic], replace(config, **changed))
    assert list(ModelRun.objects.all()) == [run]


def test_a_teacher_without_logits_is_refused(run, mosaic, config):
    run.parameters["network"]["is_headed"] = True
    run.save()
    with pytest.raises(Refused, match="gives no logits"):
        distil(run, [mosaic], config)


def test_an_unfinished_teacher_is_refused(run, mosaic, config):
    run.status = "failed"
    with pytest.raises(Refused, match="is not finished"):
        distil(run, [mosaic], config)


def test_a_student_teaches_nobody(student, mosaic, config):
    with pytest.raises(Refused, match="is a student itself"):
        distil(student, [mosaic], config)


def test_scenes_that_may_not_be_learnt_from_are_refused(run, mosaic, config, settings):
    with pytest.raises(Refused, match="learns from scenes"):
        distil(run, [], config)
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, test_towns=("practice-quake/oeste",))
    with pytest.raises(Refused, match="is kept for tests"):
        distil(run, [mosaic], config)
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, test_towns=())
    Scene.objects.filter(pk=mosaic.pk).update(is_quarantined=True, gsd_m=0.5)
    mosaic.refresh_from_db()
    with pytest.raises(Conflict, match="taken out of use"):
        distil(run, [mosaic], config)


def test_a_scene_of_another_scale_is_refused(run, mosaic, config):
    mosaic.gsd_m = 5.0
    with pytest.raises(Refused, match="the model was trained at"):
        distil(run, [mosaic], config)


def test_a_scene_without_ground_ends_with_the_reason(run, config, tmp_path, towns):
    black = written(tmp_path / "black.tif", np.zeros((HEIGHT, WIDTH, 3)))
    with pytest.raises(Refused, match=r"Hardly a window finds room on the ground of black\.tif"):
        distil(run, [black], config)
    failed = ModelRun.objects.exclude(pk=run.pk).get()
    assert (failed.status, failed.files.exists()) == ("failed", False)


def test_an_unknown_scene_or_teacher_is_refused_by_the_command(run):
    with pytest.raises(CommandError, match=r"no scene nowhere\.tif"):
        call_command("distil", str(run.pk), "--scene", "nowhere.tif")
    with pytest.raises(CommandError, match="no model run 99"):
        call_command("distil", "99", "--scene", "1")
