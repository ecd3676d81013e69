"""Example pictures of answers: taken in small, as JPEG, at most six an answer."""

from io import BytesIO

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tagging.models import ExamplePicture


def picture(size=(900, 450), *, form="PNG", colour=(200, 30, 30), mode="RGB", exif=None):
    content = BytesIO()
    image = Image.new(mode, size, colour)
    image.save(content, form, **({"exif": exif} if exif else {}))
    return SimpleUploadedFile(f"house.{form.lower()}", content.getvalue())


@pytest.fixture
def address(question):
    return f"/api/v1/questions/{question.pk}/examples/"


@pytest.fixture
def admin(api, site_admin):
    api.force_authenticate(site_admin)
    return api


@pytest.fixture
def add(admin, address):
    def send(image, answer="positive"):
        return admin.post(address, {"answer": answer, "image": image}, format="multipart")

    return send


def stored(example):
    with example.image.open() as file, Image.open(file) as image:
        image.load()
        return image


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_picture_is_kept_small_as_jpeg(form, add):
    assert add(picture(form=form)).status_code == 201
    image = stored(ExamplePicture.objects.get())
    assert (image.format, image.size, image.mode) == ("JPEG", (640, 320), "RGB")
    assert np.abs(np.array(image.getpixel((5, 5))) - (200, 30, 30)).max() <= 3


def test_a_small_picture_is_not_made_larger_and_nothing_but_its_pixels_is_kept(add):
    exif = Image.Exif()
    exif[0x010E] = "where my house is"
    add(picture((120, 80), form="JPEG", exif=exif))
    image = stored(ExamplePicture.objects.get())
    assert image.size == (120, 80)
    assert not image.getexif()


def test_a_picture_of_a_phone_stands_upright(add):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter to see it
    add(picture((120, 80), form="JPEG", exif=exif))
    assert stored(ExamplePicture.objects.get()).size == (80, 120)


def test_what_is_transparent_becomes_white(add):
    add(picture((64, 64), mode="RGBA", colour=(0, 0, 0, 0)))
    assert min(stored(ExamplePicture.objects.get()).getpixel((9, 9))) >= 252


@pytest.mark.parametrize(
    "image",
    [
        SimpleUploadedFile("a.png", b"not a picture"),
        SimpleUploadedFile("a.jpg", b"\xff\xd8\xff" + bytes(500)),
        SimpleUploadedFile("a.png", picture().read()[:-400]),
        picture(form="GIF", mode="P", colour=3),
        picture((8193, 2)),
    ],
    ids=["text", "broken", "cut short", "gif", "too wide"],
)
def test_what_is_no_picture_of_a_usual_size_is_refused_and_nothing_is_kept(image, add):
    told = add(image)
    assert told.status_code == 400
    assert told.json()["detail"]
    assert not ExamplePicture.objects.exists()
    assert not default_storage.exists("examples") or default_storage.listdir("examples")[1] == []


def test_an_answer_has_six_at_most_and_another_one_has_its_own(add):
    for _ in range(6):
        assert add(picture((64, 64))).status_code == 201
    told = add(picture((64, 64)))
    assert (told.status_code, "6 examples" in told.json()["detail"]) == (400, True)
    assert add(picture((64, 64)), "unsure").status_code == 201
    assert add(picture((64, 64)), "perhaps").status_code == 400


def test_people_see_them_with_the_question_and_nobody_else_changes_them(
    add, api, address, volunteer, question
):
    number = add(picture((64, 64))).json()["id"]
    api.force_authenticate(volunteer)
    offered = api.get(f"/api/v1/questions/{question.pk}/").json()["answers"]
    assert [one["examples"] for one in offered] == [[f"/api/v1/examples/{number}/picture.jpg"], [], []]
    shown = api.get(offered[0]["examples"][0])
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "image/jpeg")
    assert (
        api.post(address, {"answer": "positive", "image": picture()}, format="multipart").status_code == 403
    )
    assert api.delete(f"/api/v1/examples/{number}/").status_code == 403


def test_a_removed_one_leaves_no_file(add, admin):
    number = add(picture((64, 64))).json()["id"]
    name = ExamplePicture.objects.get().image.name
    assert admin.delete(f"/api/v1/examples/{number}/").status_code == 204
    assert not ExamplePicture.objects.exists()
    assert not default_storage.exists(name)


def test_an_answer_with_examples_is_not_removed(add, admin, question):
    add(picture((64, 64)))
    no = {"key": "negative", "text": "No", "counts_as": "negative"}
    address = f"/api/v1/questions/{question.pk}/"
    told = admin.patch(address, {"answers": [no, {"text": "Rubble", "counts_as": "positive"}]}, format="json")
    assert (told.status_code, "example pictures" in told.json()["detail"]) == (400, True)
