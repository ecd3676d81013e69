"""What nobody means to send is refused in words, as JSON where programs ask, and never a fault of the site."""

import json

import pytest
from django.conf import settings as site_settings
from django.core.wsgi import get_wsgi_application
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from django_filters import NumberFilter

from damage.accounts.models import Role
from damage.filters import RowFilter
from damage.parsing import check_storable
from damage.readable import read_as_utf8

API = "/api/v1/"
HUGE = "9" * 30  # no column of a database holds it
JSON = "application/json"


@pytest.fixture
def ask(site, settings):
    """Ask as an admin, who gets furthest, on a site that does not show its faults."""
    settings.DEBUG = False
    client = site.client_of(Role.ADMIN)

    def send(method, address, body="", content_type=JSON, **headers):
        address = address if address.startswith("/") else API + address
        answer = client.generic(method, address, body, content_type=content_type, headers=headers)
        if address.startswith("/api/") and answer.status_code >= 400 and method != "HEAD":
            assert answer["Content-Type"].startswith(JSON), (method, address, answer.content)
            assert answer.json()["detail"], (method, address)
        return answer

    return send


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"tags/?scene={HUGE}", 400),
        (f"tags/?town={HUGE}", 400),
        ("tags/?scene=1e400", 400),
        ("tags/?scene=NaN", 400),
        (f"tags/?scene={2**63 - 1}", 200),
        (f"detections/?run={HUGE}", 400),
        ("detections/?min_score=nan", 400),
        ("detections/?bbox=nonsense", 400),
        (f"detections/?bbox={'1,' * 4000}", 400),
        (f"prediction-runs/?model_run={HUGE}", 400),
        ("events/?page=0", 404),
        (f"events/?page={HUGE}", 404),
        (f"events/?page={'9' * 5000}", 404),
        ("events/?page=%00", 404),
        (f"events/?page_size={HUGE}", 200),
        ("events/?page_size=-1", 200),
        ("events/?format=xml", 404),
        ("scenes/?name=%00", 400),
        ("tags/?question=%ed%a0%80", 200),
        ("events/?" + "a&" * 3000, 400),
        (f"events/{HUGE}/", 404),
        (f"events/{2**63}/", 404),
        ("events/abc/", 404),
        ("events/%00/", 404),
        ("events/-1/", 404),
        (f"model-runs/{HUGE}/crops/", 404),
        (f"crops/{HUGE}/image.png", 404),
        ("nothing/", 404),
        ("/api/nothing", 404),
        ("/api/schema/?format=x", 404),
        (f"/training/runs/{HUGE}/", 404),
        (f"/training/experiments/{HUGE}/", 404),
        (f"/photos/{HUGE}/", 404),
        (f"/training/?page={'9' * 5000}", 200),
        (f"/training/compare/?run={HUGE}&run={'9' * 5000}&run=-1&run=%00", 200),
        (f"/admin/tagging/tag/{HUGE}/change/", 302),
        ("/?" + "a&" * 3000, 400),
    ],
)
def test_an_odd_address_is_answered(ask, address, status):
    assert ask("GET", address).status_code == status


@pytest.mark.parametrize(
    "tile", ["60/0/0", "31/0/0", "1100/0/0", f"{HUGE}/0/0", f"5/{HUGE}/0", "0/5/5", "30/0/9999999999"]
)
@pytest.mark.parametrize(
    "kind", ["scenes/{0.mosaic.pk}/pixel-tiles/{1}.jpg", "scenes/{0.mosaic.pk}/map-tiles/{1}.webp"]
)
def test_a_tile_that_cannot_be_is_not_there(ask, site, kind, tile):
    assert ask("GET", kind.format(site, tile)).status_code == 404


@pytest.mark.parametrize("accept", ["image/webp", "image/*", "text/html", "a;b;;c,///", "*/*"])
def test_a_view_answers_in_its_own_form_whatever_is_accepted(ask, site, accept):
    tile = ask("GET", f"scenes/{site.mosaic.pk}/pixel-tiles/0/0/0.jpg", accept=accept)
    assert (tile.status_code, tile["Content-Type"]) == (200, "image/jpeg")
    assert ask("GET", f"scenes/{site.mosaic.pk}/pixel-tiles/9/0/0.jpg", accept=accept).status_code == 404
    assert ask("GET", "events/", accept=accept)["Content-Type"] == JSON
    assert ask("GET", "/api/schema/", accept=accept).status_code == 200


def test_suffixes_name_the_form_and_reach_no_handler(ask, site):
    assert ask("GET", "events.json").json()["count"] == 2  # the site's, and another that members belong to
    assert ask("GET", f"events/{site.mosaic.town.event_id}.json").status_code == 200
    assert ask("GET", "detections.geojson")["Content-Type"].startswith("application/geo+json")
    assert ask("GET", "events.xml").status_code == 404
    assert ask("POST", "tags.json", "{}").status_code == 400
    assert ask("PATCH", f"tags/{site.tag.pk}.json", "{}").status_code in (400, 404)  # somebody else's
    for action in ("cancel", "propose", "confirm", "decline", "retire", "roll-back"):
        assert ask("POST", f"model-runs/{site.model_run.pk}/{action}.json", "{}").status_code < 500


@pytest.mark.parametrize(
    "address", ["/api/", "/api/schema/", "", "events/", "tags/1/", "model-answer/", "events.json"]
)
def test_options_and_unknown_methods_are_answered(ask, address):
    assert ask("OPTIONS", address).status_code in (200, 404)
    assert ask("TRACE", address).status_code == 405
    assert ask("MAKE", address).status_code == 405


BODIES = {
    "deep list": ("[" * 100_000 + "]" * 100_000, 400),
    "deep object": ('{"a":' * 50_000 + "1" + "}" * 50_000, 400),
    "deeper than we nest": ("[" * 30 + "]" * 30, 400),
    "half": ("{", 400),
    "list": ("[]", 400),
    "word": ('"x"', 400),
    "not UTF-8": (b"\xff\xfe", 400),
    "endless number": ("9" * 10_000, 400),
    "not a number": ('{"threshold": NaN}', 400),
    "infinite": ('{"threshold": 1e400}', 400),
    "lone surrogate": (r'{"question": "\ud800"}', 400),
    "lone surrogate as a name": (r'{"\ud800": 1}', 400),
    "NUL": (r'{"question": "\u0000"}', 400),
    "too large": ('{"reason": "' + "x" * 3_000_000 + '"}', 413),
}


@pytest.mark.parametrize("address", ["tags/", "model-answer/", "model-runs/", "prediction-runs/"])
def test_a_body_that_is_no_request_is_refused(ask, address):
    answers = {name: ask("POST", address, body).status_code for name, (body, _) in BODIES.items()}
    assert answers == {name: status for name, (_, status) in BODIES.items()}


@pytest.mark.parametrize("value", [2**63 - 1, "9" * 900, "nan", "inf", -1, 1e308, [], {}, None, True])
def test_a_field_of_any_kind_is_no_fault(ask, site, value):
    tag = {
        "scene": site.photo.pk,
        "x_px": 8,
        "y_px": 8,
        "size_px": 32,
        "question": "damage",
        "answer": "positive",
    }
    towns = {"train_towns": ["Altamira"], "validation_towns": ["B"], "test_towns": ["C"]}
    more = (
        "model_run",
        "threshold",
        "seed",
        "max_fpr",
        "contrast",
        "parent",
        "copies",
        "fine_tune_blocks",
        "per_class",
    )
    for address in ("tags/", "model-answer/", "model-runs/", "prediction-runs/"):
        for name in (*tag, *more, "train_towns"):
            body = json.dumps({**tag, **towns, "model_run": site.model_run.pk, name: value})
            assert ask("POST", address, body).status_code < 500, (address, name)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("a" * 5000, 415),
        ("application/json; charset=bz2_codec", 400),
        ("application/json; charset=undefined", 400),
        ("application/json; charset=nothing", 400),
        ("application/json; charset=utf-8", 400),  # for what is in it
    ],
)
def test_other_forms_than_json_are_refused(ask, content_type, status):
    assert ask("POST", "model-answer/", "x=1", content_type).status_code == status


@pytest.mark.parametrize("charset", ["bz2_codec", "undefined", "idna", "rot13", "utf-8", "nothing"])
def test_every_sender_is_read_as_utf8(db, charset):
    """Django's test client makes its requests in another way than the server does."""
    application = read_as_utf8(get_wsgi_application())
    statuses = []
    for query in ("x=%C3%A9", "a&" * 3000):
        content_type = f"application/json; charset={charset}"
        environ = RequestFactory().get("/").environ | {"QUERY_STRING": query, "CONTENT_TYPE": content_type}
        application(environ, lambda status, headers: statuses.append(status))
    assert statuses == ["200 OK", "400 Bad Request"]


def test_a_cookie_that_no_database_takes_reads_as_if_it_were_not_there(site):
    client = site.client_of(None)
    client.cookies[site_settings.SESSION_COOKIE_NAME] = "\0" * 20
    assert client.get("/").status_code == 200


def test_an_unknown_host_is_refused_in_json_too(site, settings):
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["damage.example"]
    answer = site.client_of(None).get(API + "events/")
    assert (answer.status_code, answer["Content-Type"]) == (400, JSON)
    assert answer.json()["detail"]


def test_a_fault_of_the_site_is_told_in_json_without_details(ask, monkeypatch):
    def fail(*args, **kwargs):
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("damage.ingestion.api.EventViewSet.list", fail)
    answer = ask("GET", "events/")
    assert answer.status_code == 500
    assert "secret" not in answer.content.decode()


def test_a_page_still_tells_its_errors_as_a_page(ask):
    assert "Page not found" in ask("GET", "/nothing/").content.decode()


def test_a_missing_file_is_told_in_words(ask, site):
    path = site.tag.crop.image.path
    site.tag.crop.image.storage.delete(site.tag.crop.image.name)
    for name in ("image.png", "thumbnail.jpg"):
        answer = ask("GET", f"crops/{site.tag.crop_id}/{name}")
        assert answer.status_code == 404
        assert path not in answer.content.decode()


def test_wrong_fields_are_told_one_by_one_and_in_one_sentence(ask):
    answer = ask("POST", "prediction-runs/", "{}").json()
    assert answer == {
        "detail": "This field is required. This field is required.",
        "scene": ["This field is required."],
        "model_run": ["This field is required."],
    }


def test_what_we_are_really_sent_is_storable():
    check_storable(
        {"towns": [["Altamira", "São João"], {"seed": 2**63 - 1}], "share": 0.5, "is_open": True, "x": None}
    )


def own_patterns(patterns=None, prefix=""):
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from own_patterns(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern


def test_numbers_in_addresses_have_bounds():
    assert [route for route, _ in own_patterns() if "<int:" in route or "[^/.]" in route] == []


def test_numbers_in_filters_have_bounds():
    views = {getattr(pattern.callback, "cls", None) for _, pattern in own_patterns()}
    filters = {
        (view.__name__, name): each
        for view in views
        if (filterset := getattr(view, "filterset_class", None))
        for name, each in filterset.base_filters.items()
        if isinstance(each, NumberFilter)
    }
    bounded = {
        key for key, each in filters.items() if isinstance(each, RowFilter) or "max_value" in each.extra
    }
    assert bounded == set(filters)
    assert ("TagViewSet", "scene") in bounded
