"""The administration shows tags and changes none."""

import pytest

from tagging.models import CropState, GoldAnswer, TaggerQuality


@pytest.fixture
def administration(client, site_admin):
    client.force_login(site_admin)
    return client


@pytest.mark.parametrize("rows", ["question", "crop", "tag", "tagchange"])
def test_an_admin_looks_at_every_list(rows, administration, tag):
    assert administration.get(f"/admin/tagging/{rows}/").status_code == 200


@pytest.mark.parametrize("rows", ["question", "crop", "tag", "tagchange"])
def test_what_services_write_is_not_added_by_hand(rows, administration):
    assert administration.get(f"/admin/tagging/{rows}/add/").status_code == 403


def test_a_tag_is_neither_changed_nor_deleted_by_hand(administration, tag):
    address = f"/admin/tagging/tag/{tag.pk}"
    assert administration.post(f"{address}/change/", {"answer": "negative"}).status_code == 403
    assert administration.post(f"{address}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("role", ["volunteer", "verifier", "analyst"])
def test_nobody_else_gets_in(role, request, client):
    client.force_login(request.getfixturevalue(role))
    assert client.get("/admin/tagging/tag/").status_code == 302


@pytest.mark.parametrize("rows", ["goldanswer", "cropstate", "taggerquality"])
def test_an_admin_looks_at_what_answers_come_to(rows, administration, tag, question, volunteer):
    TaggerQuality.objects.create(tagger=volunteer, question=question)
    assert administration.get(f"/admin/tagging/{rows}/").status_code == 200


def test_an_admin_says_and_takes_back_what_is_known(administration, tag, site_admin):
    body = {"crop": tag.crop_id, "question": tag.question_id, "answer": "negative"}
    assert administration.post("/admin/tagging/goldanswer/add/", body).status_code == 302
    gold = GoldAnswer.objects.get()
    assert (gold.crop, gold.answer, gold.by) == (tag.crop, "negative", site_admin)
    assert CropState.objects.get().state == "settled"
    address = f"/admin/tagging/goldanswer/{gold.pk}"
    assert administration.post(f"{address}/change/", {"answer": "positive"}).status_code == 302
    assert CropState.objects.get().posterior == {"positive": 1.0, "negative": 0.0}
    assert administration.post(f"{address}/delete/", {"post": "yes"}).status_code == 302
    assert not GoldAnswer.objects.exists()
    assert CropState.objects.get().posterior == {"positive": 0.75, "negative": 0.25}


def test_an_admin_sets_somebodys_answers_aside_and_takes_them_back(
    administration, question, volunteer, site_admin
):
    row = TaggerQuality.objects.create(tagger=volunteer, question=question)

    def do(action, reason=""):
        body = {"action": action, "_selected_action": [row.pk], "reason": reason}
        page = administration.post("/admin/tagging/taggerquality/", body, follow=True)
        row.refresh_from_db()
        return page

    assert "Why should these answers no longer count?" in do("take_out").content.decode()
    assert not row.is_set_aside
    do("take_out", "at random")
    assert (row.is_set_aside, row.set_aside_by, row.set_aside_reason) == (True, site_admin, "at random")
    do("put_back")
    assert not row.is_set_aside
