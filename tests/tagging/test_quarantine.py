"""Taking crops, photos and whole scenes out of use, and back."""

import json

import pytest
from django.core.management import CommandError, call_command

from damage.errors import Conflict, Refused
from damage.ingestion.models import Scene, SceneQuarantineStep
from damage.ingestion.quarantine import quarantine_scene, release_scene
from prediction.models import Detection, PredictionRun
from prediction.services import request_prediction
from tagging.background_negatives import tag_undamaged
from tagging.cutting import cut_pending_crops
from tagging.models import Crop, CropQuarantineStep, Tag
from tagging.quarantine import check_crops_in_use, quarantine_crop, release_crop
from tagging.services import change_tag, delete_tag, record_tag
from tests.tagging.conftest import SQUARE
from training.data.dataset import agreement
from training.experiments.pages import _points_in_use
from training.models import ModelRun

API = "/api/v1"


@pytest.fixture
def run(scene, question, site_admin) -> PredictionRun:
    """A finished run over the scene, with one place."""
    model = ModelRun.objects.create(
        question=question, backbone="tiny", status="done", stage="promoted", threshold=0.5, window_px=32
    )
    run = PredictionRun.objects.create(
        scene=scene, model_run=model, threshold=0.5, status="done", requested_by=site_admin
    )
    for name in ("geojson_file", "shapefile_zip", "heat_file"):
        getattr(run, name).name = "predictions/gone"
    run.save()
    Detection.objects.create(run=run, score=0.9, x_px=0, y_px=0, width_px=32, height_px=32)
    return run


@pytest.fixture(autouse=True)
def cut(request):
    """Squares have their pixels, as a moment after they were tagged."""
    if "tag" in request.fixturenames:
        tag = request.getfixturevalue("tag")
        cut_pending_crops()
        tag.crop.refresh_from_db()


def lists_and_pictures(scene, crop, run) -> tuple[list[str], list[str]]:
    """Every address that lists scenes or what is of them, and every one of a scene, a crop, a picture, a file."""
    (detection,) = run.detections.all()
    lists = ["scenes", "crops", "tags", "prediction-runs", "detections"]
    one = [
        f"scenes/{scene.pk}/",
        f"scenes/{scene.pk}/pixel-tiles/0/0/0.jpg",
        f"crops/{crop.pk}/",
        f"crops/{crop.pk}/image.png",
        f"crops/{crop.pk}/thumbnail.jpg",
        f"prediction-runs/{run.pk}/",
        f"detections/{detection.pk}/",
        f"detections/{detection.pk}/thumbnail.jpg",
        f"prediction-runs/{run.pk}/export.geojson",
        f"prediction-runs/{run.pk}/export.zip",
        f"prediction-runs/{run.pk}/heat-tiles/0/0/0.webp",
    ]
    return [f"{API}/{name}/" for name in lists], [f"{API}/{name}" for name in one]


def test_a_scene_taken_out_is_in_no_list_and_no_picture(api, analyst, site_admin, tag, scene, run):
    lists, ones = lists_and_pictures(scene, tag.crop, run)
    api.force_authenticate(analyst)
    assert [api.get(address).data["count"] for address in lists] == [1] * len(lists)
    for address in ones[:8]:
        assert api.get(address).status_code == 200, address
    quarantine_scene(scene, by=site_admin, reason="of another event")
    assert [api.get(address).data["count"] for address in lists] == [0] * len(lists)
    assert {address: api.get(address).status_code for address in ones} == dict.fromkeys(ones, 404)
    api.force_authenticate(site_admin)
    assert [api.get(address).data["count"] for address in lists] == [0] * len(lists)
    for address in ones[:5]:
        assert api.get(address).status_code == 200, address
    assert api.get(f"{API}/scenes/", {"quarantined": 1}).data["count"] == 1
    release_scene(scene, by=site_admin)
    api.force_authenticate(analyst)
    assert [api.get(address).data["count"] for address in lists] == [1] * len(lists)


def test_a_crop_taken_out_leaves_its_scene_in_use(api, volunteer, site_admin, tag, scene):
    quarantine_crop(tag.crop, by=site_admin, reason="a face")
    api.force_authenticate(volunteer)
    counts = [api.get(f"{API}/{name}/").data["count"] for name in ("scenes", "crops", "tags")]
    assert counts == [1, 0, 0]
    for name in ("", "image.png", "thumbnail.jpg"):
        assert api.get(f"{API}/crops/{tag.crop.pk}/{name}").status_code == 404
    api.force_authenticate(site_admin)
    assert api.get(f"{API}/crops/{tag.crop.pk}/image.png").status_code == 200
    assert api.get(f"{API}/crops/", {"quarantined": 1}).data["count"] == 1


def test_volunteers_do_not_list_what_is_out_of_use(api, volunteer, site_admin, tag, scene):
    quarantine_scene(scene, by=site_admin, reason="blurred")
    api.force_authenticate(volunteer)
    assert api.get(f"{API}/scenes/", {"quarantined": 1}).data["count"] == 0


def test_pages_do_not_show_it(client, analyst, site_admin, scene, run):
    client.force_login(analyst)
    assert client.get(f"/photos/{scene.pk}/").status_code == 200
    quarantine_scene(scene, by=site_admin, reason="blurred")
    assert client.get(f"/photos/{scene.pk}/").status_code == 404
    assert scene.name not in client.get("/predictions/").content.decode()


@pytest.mark.parametrize("whole_scene", [True, False])
def test_models_do_not_learn_from_it(whole_scene, tag, question, scene, site_admin):
    assert [crop.pk for crop in agreement(question).crops] == [tag.crop.pk]
    if whole_scene:
        quarantine_scene(scene, by=site_admin, reason="of another event")
    else:
        quarantine_crop(tag.crop, by=site_admin, reason="of 20,000 px")
    assert agreement(question).crops == []
    assert not Crop.objects.in_use().exists()


def test_a_crop_without_a_scene_stays_in_use_until_it_is_taken_out(town, site_admin):
    crop = Crop.objects.create(town=town, size_px=20_000, sha256="0" * 64, image="crops/huge.png")
    assert list(Crop.objects.in_use()) == [crop]
    quarantine_crop(crop, by=site_admin, reason="too large")
    assert not Crop.objects.in_use().exists()


def test_nobody_tags_it_and_tags_on_it_can_be_deleted(
    tag, volunteer, other_volunteer, question, scene, site_admin
):
    answer = {"tagger": other_volunteer, "question": question, "scene": scene, "answer": "positive"}
    quarantine_crop(tag.crop, by=site_admin, reason="a face")
    with pytest.raises(Conflict, match="taken out of use"):
        record_tag(**answer, **SQUARE)
    quarantine_scene(scene, by=site_admin, reason="faces everywhere")
    with pytest.raises(Conflict, match="taken out of use"):
        record_tag(**answer, **SQUARE | {"x_px": 0})
    change_tag(tag, by=volunteer, answer="unsure")  # Undo goes on working
    delete_tag(tag, by=volunteer)
    assert not Tag.objects.exists()


def test_a_volunteer_deletes_their_tag_on_it_through_the_api(api, tag, volunteer, scene, site_admin):
    quarantine_scene(scene, by=site_admin, reason="blurred")
    api.force_authenticate(volunteer)
    assert api.delete(f"{API}/tags/{tag.pk}/").status_code == 204


def test_nothing_new_is_predicted_or_tagged_undamaged(run, scene, question, site_admin):
    quarantine_scene(scene, by=site_admin, reason="blurred")
    with pytest.raises(Conflict):
        request_prediction(scene, run.model_run, requested_by=site_admin)
    with pytest.raises(Conflict):
        tag_undamaged([scene], question, count=1)


def test_who_why_and_when_stay_written_down(tag, scene, site_admin):
    quarantine_crop(tag.crop, by=site_admin, reason=" a face ")
    release_crop(tag.crop, by=site_admin)
    quarantine_crop(tag.crop, by=site_admin, reason="a face after all")
    steps = CropQuarantineStep.objects.order_by("id").values_list("is_out", "reason", "by__username")
    assert list(steps) == [
        (True, "a face", "adela"),
        (False, "", "adela"),
        (True, "a face after all", "adela"),
    ]
    assert tag.crop.is_quarantined


@pytest.mark.parametrize("role", ["volunteer", "verifier", "analyst"])
def test_only_admins_decide(role, request, api, tag, scene):
    person = request.getfixturevalue(role)
    with pytest.raises(Refused, match="Only an admin"):
        quarantine_scene(scene, by=person, reason="spite")
    api.force_authenticate(person)
    for address in (f"scenes/{scene.pk}", f"crops/{tag.crop.pk}"):
        for action in ("quarantine", "release"):
            assert api.post(f"{API}/{address}/{action}/", {"reason": "spite"}).status_code == 403
    assert not SceneQuarantineStep.objects.exists()


def test_an_admin_decides_through_the_api(api, tag, scene, site_admin):
    api.force_authenticate(site_admin)
    for address in (f"{API}/scenes/{scene.pk}", f"{API}/crops/{tag.crop.pk}"):
        assert api.post(f"{address}/quarantine/").status_code == 400  # no reason
        assert api.post(f"{address}/release/").status_code == 409
        assert api.post(f"{address}/quarantine/", {"reason": "a face"}).data["is_quarantined"] is True
        assert api.post(f"{address}/quarantine/", {"reason": "a face"}).status_code == 409
        assert api.post(f"{address}/release/", {"reason": "a poster"}).data["is_quarantined"] is False


@pytest.mark.parametrize(("rows", "model"), [("ingestion/scene", Scene), ("tagging/crop", Crop)])
def test_an_admin_decides_in_the_administration(rows, model, client, tag, site_admin):
    client.force_login(site_admin)
    address, (row,) = f"/admin/{rows}/", model.objects.all()
    wish = {"action": "take_out", "_selected_action": [row.pk]}
    assert "A reason is needed" in client.post(address, {**wish, "reason": ""}, follow=True).content.decode()
    client.post(address, {**wish, "reason": "a face"})
    assert model.objects.get().is_quarantined
    client.post(address, {**wish, "action": "put_back"})
    assert not model.objects.get().is_quarantined
    assert client.get(f"{address.removesuffix('/')}quarantinestep/").status_code == 200


def test_an_admin_decides_by_command(tag, scene, site_admin, capsys):
    call_command("quarantine", "--scene", scene.name, "--by", "adela", "--reason", "blurred", "--json")
    assert json.loads(capsys.readouterr().out) == {"scene": scene.pk, "is_quarantined": True}
    call_command("quarantine", "--scene", str(scene.pk), "--by", "adela", "--release")
    call_command("quarantine", "--crop", str(tag.crop.pk), "--by", "adela", "--reason", "a face")
    assert Crop.objects.get().is_quarantined
    assert not Scene.objects.get().is_quarantined
    for wrong in (["--crop", "999", "--by", "adela"], ["--crop", str(tag.crop.pk), "--by", "nobody"]):
        with pytest.raises(CommandError, match="There is no"):
            call_command("quarantine", *wrong)


def test_a_training_that_was_queued_before_does_not_learn_from_it(tag, scene, site_admin):
    check_crops_in_use([tag.crop])
    quarantine_scene(scene, by=site_admin, reason="of another event")
    with pytest.raises(Conflict, match="taken out of use: 1"):
        check_crops_in_use(Crop.objects.select_related("scene"))


def test_an_exploration_shows_no_point_of_it(tag, scene, site_admin):
    points = [{"scene": scene.pk}, {"crop": tag.crop.pk}, {"crop": 999, "scene": None}]
    assert _points_in_use(points) == points
    quarantine_scene(scene, by=site_admin, reason="of another event")
    assert _points_in_use(points) == points[2:]
