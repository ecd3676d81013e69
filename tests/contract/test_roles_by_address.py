"""Who may do what at each address: one table, written by hand, against every address that the site has."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter

import pytest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver

from damage.accounts.models import Role

pytestmark = pytest.mark.one_database  # doors ask for the role before they ask the database
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
LOOKING = ("GET", "HEAD")
ALL = frozenset(Role)
ANALYSTS = frozenset({Role.ANALYST, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})
OWNER = frozenset({Role.VOLUNTEER})  # the tag and the token of `site` are the volunteer's
NOBODY: frozenset[Role] = frozenset()

# What somebody gets who may do what they ask, with nothing in the request's body.
DONE = frozenset({200, 201, 202, 204, 302, 400, 409})
REFUSED = {401, 403}
TO_THE_LOG_IN = {302}
NO_SUCH_METHOD = {405}
NOT_THERE = {404}


@dataclass(frozen=True)
class Row:
    """Who may do what at one address; everybody else is refused, and every other method is none of it."""

    address: str  # each <part> stands for what `sample` says of it, or `SAMPLES`
    looks: frozenset[Role] = NOBODY  # GET and HEAD
    does: dict[str, frozenset[Role]] = field(default_factory=dict)  # by method
    pk: str = ""  # the row of `site` that <pk> stands for
    found: frozenset[int] = frozenset({200})  # what looking gives those who may
    hears: frozenset[Role] | None = None  # who learns which methods there are, where more than those who may
    has_options: bool | None = None  # whether OPTIONS is answered; None: the API does, pages do not
    others_see: bool = True  # False: whoever may not do it here is told that there is nothing
    body: str = ""
    answers: frozenset[int] = frozenset()  # what doing gives those who may, beside `DONE`

    @property
    def is_page(self) -> bool:
        return not self.address.startswith(("api/v1/", "api/schema/"))


def post(roles: frozenset[Role]) -> dict[str, frozenset[Role]]:
    return {"POST": roles}


absent = frozenset({404})  # the rows of `site` have no such file
incomplete = frozenset({400})  # nor weights, which is told in words
SAMPLES = {"z": 0, "x": 0, "y": 0, "size": 0, "name": "roc", "form": "svg"}
OWN_TAG = {"PATCH": OWNER, "DELETE": OWNER | ADMINS}
OWN_UPLOAD = {"PATCH": ADMINS, "DELETE": ADMINS}
other_version = frozenset({412})
no_form = frozenset({415})  # a picture is sent as a form
here_or_412 = frozenset({200, 412})
V1 = "api/v1/"
model_action = partial(Row, pk="model_run", hears=ANALYSTS)
prediction_action = partial(Row, pk="prediction_run", hears=ANALYSTS)
TABLE = [
    # Pages: tagging is for all, models and predictions for analysts and admins.
    Row("account/password/", ALL, {"POST": ALL, "PUT": ALL}, has_options=True),
    Row("account/tokens/", ALL, post(ALL)),
    Row("account/tokens/<pk>/revoke/", does=post(OWNER), pk="token", hears=ALL, others_see=False),
    Row("admin/login/"),  # leads strangers to the log-in, and says no to those who are in
    Row("tag/", ALL),
    Row("tag/explore/", ALL),
    Row("tags/", ALL),
    Row("questions/", ADMINS),
    Row("questions/new/", ADMINS),
    Row("questions/<pk>/", ADMINS, pk="question"),
    Row("upload/", ADMINS),
    Row("coverage/", ANALYSTS),
    Row("training/", ANALYSTS),
    Row("training/compare/", ANALYSTS),
    Row("training/runs/<pk>/", ANALYSTS, pk="model_run"),
    Row("training/runs/<pk>/decide/", does=post(ANALYSTS), pk="model_run"),  # which decision: test_deciding
    Row("training/runs/<pk>/<name>.<form>", ANALYSTS, pk="model_run", found=absent),
    Row("training/experiments/", ANALYSTS),
    Row("training/experiments/<pk>/", ANALYSTS, pk="experiment"),
    Row("training/experiments/<pk>/cancel/", does=post(ADMINS), pk="experiment"),
    Row("training/experiments/<pk>/results.json", ANALYSTS, pk="experiment"),
    Row("training/experiments/<pk>/<name>.csv", ANALYSTS, pk="experiment", found=absent),
    Row("training/experiments/<pk>/<name>.<form>", ANALYSTS, pk="experiment", found=absent),
    Row("map/", ANALYSTS),
    Row("map/runs/", ANALYSTS),
    Row("photos/<pk>/", ANALYSTS, pk="photo"),
    Row("api/", ALL, has_options=True),
    # The API: what is seen while tagging.
    Row("api/schema/", ALL),
    Row(V1, ADMINS),
    Row(V1 + "events/", ALL),
    Row(V1 + "events/<pk>/", ALL, pk="mosaic.town.event"),
    Row(V1 + "towns/", ALL),
    Row(V1 + "towns/<pk>/", ALL, pk="mosaic.town"),
    Row(V1 + "scenes/", ALL),
    Row(V1 + "scenes/<pk>/", ALL, pk="mosaic"),
    Row(V1 + "scenes/<pk>/pixel-tiles/<z>/<x>/<y>.jpg", ALL, pk="mosaic"),
    Row(V1 + "scenes/<pk>/map-tiles/<z>/<x>/<y>.webp", ALL, pk="mosaic"),
    Row(V1 + "scenes/<pk>/cells/", ALL, pk="mosaic", found=absent),  # no question is named
    Row(V1 + "scenes/<pk>/squares/<x>/<y>/<size>.jpg", ALL, pk="mosaic", found=incomplete),
    Row(V1 + "scenes/<pk>/quarantine/", does=post(ADMINS), pk="mosaic"),
    Row(V1 + "scenes/<pk>/release/", does=post(ADMINS), pk="mosaic"),
    Row(V1 + "questions/", ALL, post(ADMINS)),
    Row(V1 + "questions/<pk>/", ALL, {"PATCH": ADMINS}, pk="question"),
    Row(V1 + "questions/<pk>/examples/", does=post(ADMINS), pk="question", answers=no_form),
    Row(V1 + "examples/<pk>/", does={"DELETE": ADMINS}, pk="example"),
    Row(V1 + "examples/<pk>/picture.jpg", ALL, pk="example", found=absent),
    Row(V1 + "crops/", ALL),
    Row(V1 + "crops/<pk>/", ALL, pk="tag.crop"),
    Row(V1 + "crops/<pk>/image.png", ALL, pk="tag.crop"),
    Row(V1 + "crops/<pk>/thumbnail.jpg", ALL, pk="tag.crop"),
    Row(V1 + "crops/<pk>/quarantine/", does=post(ADMINS), pk="tag.crop"),
    Row(V1 + "crops/<pk>/release/", does=post(ADMINS), pk="tag.crop"),
    Row(V1 + "tags/", ALL, post(ALL)),
    Row(V1 + "tags/<pk>/", ALL, OWN_TAG, pk="tag", others_see=False, body='{"answer": "negative"}'),
    Row(V1 + "queue/", ALL, found=incomplete),  # no question is named
    Row(V1 + "model-answer/", does=post(ALL)),
    # The API: files on their way in, by a protocol of whose version nothing is said here.
    Row(V1 + "uploads/", ADMINS, post(ADMINS), answers=other_version),
    Row(V1 + "uploads/<pk>/", ADMINS, OWN_UPLOAD, pk="upload", found=here_or_412, answers=other_version),
    # The API: which ground was flown; of no town in particular it is nothing.
    Row(V1 + "coverage/", ANALYSTS, found=frozenset({400})),
    # The API: models.
    Row(V1 + "model-runs/", ANALYSTS, post(ADMINS)),
    Row(V1 + "model-runs/<pk>/", ANALYSTS, pk="model_run"),
    Row(V1 + "model-runs/<pk>/crops/", ANALYSTS, pk="model_run"),
    Row(V1 + "model-runs/<pk>/package/", ANALYSTS, pk="model_run", found=incomplete),
    Row(V1 + "model-runs/<pk>/model-card.md", ANALYSTS, pk="model_run", found=incomplete),
    Row(V1 + "model-runs/<pk>/stac-item.json", ANALYSTS, pk="model_run", found=incomplete),
    model_action(V1 + "model-runs/<pk>/cancel/", does=post(ADMINS)),
    model_action(V1 + "model-runs/<pk>/propose/", does=post(ADMINS)),
    model_action(V1 + "model-runs/<pk>/compare/", does=post(ADMINS)),
    model_action(V1 + "model-runs/<pk>/retire/", does=post(ADMINS)),
    model_action(V1 + "model-runs/<pk>/confirm/", does=post(ANALYSTS)),
    model_action(V1 + "model-runs/<pk>/decline/", does=post(ANALYSTS)),
    model_action(V1 + "model-runs/<pk>/roll-back/", does=post(ANALYSTS)),
    Row(V1 + "experiments/", ANALYSTS),
    Row(V1 + "experiments/<pk>/", ANALYSTS, pk="experiment"),
    # The API: predictions.
    Row(V1 + "prediction-runs/", ANALYSTS, post(ADMINS)),
    Row(V1 + "prediction-runs/<pk>/", ANALYSTS, pk="prediction_run"),
    prediction_action(V1 + "prediction-runs/<pk>/cancel/", does=post(ADMINS)),
    prediction_action(V1 + "prediction-runs/<pk>/continue/", does=post(ADMINS)),
    prediction_action(V1 + "prediction-runs/<pk>/threshold/", does=post(ADMINS)),
    Row(V1 + "prediction-runs/<pk>/export.geojson", ANALYSTS, pk="prediction_run"),
    Row(V1 + "prediction-runs/<pk>/export.zip", ANALYSTS, pk="prediction_run"),
    Row(V1 + "prediction-runs/<pk>/heat-tiles/<z>/<x>/<y>.webp", ANALYSTS, pk="prediction_run", found=absent),
    Row(V1 + "detections/", ANALYSTS),
    Row(V1 + "detections/<pk>/", ANALYSTS, pk="detection"),
    Row(V1 + "detections/<pk>/thumbnail.jpg", ANALYSTS, pk="detection"),
]
# Nothing is behind these that anybody may not have: any method is answered, and never with a fault.
FOR_EVERYBODY = {"", "login/", "logout/", "i18n/setlang/", "jsi18n/", "admin/password_change/"}


def addresses(patterns=None, prefix="") -> Iterator[tuple[str, bool]]:
    """Every address, with its <parts>, and whether it belongs to Django's administration."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + readable(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            if pattern.app_name == "admin":
                yield from ((each, True) for each, _ in addresses(pattern.url_patterns, route))
            else:
                yield from addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, False


def readable(pattern: str) -> str:
    """A pattern without the forms of its parts: `^tags/(?P<pk>[0-9]+)/$` and `tags/<row:pk>/` are `tags/<pk>/`."""
    named = re.sub(r"\(\?P(<\w+>)(?:[^()]|\([^()]*\))*\)", r"\1", pattern)
    plain = re.sub(r"<\w+:(\w+)>", r"<\1>", named)
    return plain.removeprefix("^").removesuffix("$").replace("/?", "").replace("\\", "")


def without_suffix(address: str) -> str:
    """The address of which this one is the form with a suffix: `tags.<format>` of `tags/`."""
    return (
        re.sub(r"(\.<format>|(?<=/)<format>)$", "", address).rstrip("/") + "/"
        if "<format>" in address
        else address
    )


OWN = [address for address, is_administration in addresses() if not is_administration]
ADMINISTRATION = [address for address, is_administration in addresses() if is_administration]


def test_the_table_names_every_address_and_no_other():
    named = {row.address for row in TABLE} | FOR_EVERYBODY
    assert {without_suffix(address) for address in OWN} == named
    assert len(named) == len(TABLE) + len(FOR_EVERYBODY)


def filled(address: str, site, pk: str) -> str:
    values = {**SAMPLES, "format": "json", **({"pk": attrgetter(pk)(site).pk} if pk else {})}
    address = address.replace("/<format>", "/.<format>")  # the root's own
    return "/" + re.sub(r"<(\w+)>", lambda part: str(values[part[1]]), address)


def expected(row: Row, role: Role | None, method: str) -> set[int]:
    """The status codes that the table allows."""
    does = dict.fromkeys(LOOKING, row.looks) | row.does
    hears = frozenset().union(*does.values()) if row.hears is None else row.hears
    if row.has_options or (row.has_options is None and not row.is_page):
        does["OPTIONS"] = hears
    if role is None:
        return TO_THE_LOG_IN if row.is_page else REFUSED
    if role in does.get(method, NOBODY):
        return set(row.found) if method in LOOKING else set(DONE | row.answers)
    if does.get(method):
        return NOT_THERE if not row.others_see else REFUSED
    return NO_SUCH_METHOD if role in hears else REFUSED


class Visitor:
    """Somebody of a role whose requests leave nothing behind, neither rows nor a log-out."""

    def __init__(self, site, role: Role | None) -> None:
        self._site = site
        self._client = site.client_of(role)
        self._cookies = self._client.cookies.copy()

    def ask(self, method: str, address: str, body: str = "") -> HttpResponseBase:
        with self._site.taken_back():
            answer = self._client.generic(method, address, body, content_type="application/json")
            if answer.streaming:
                b"".join(answer.streaming_content)
        self._client.cookies = self._cookies.copy()
        return answer


def is_honest(answer: HttpResponseBase) -> bool:
    """Whether an answer is no fault of the site: 503 says why, and when to come back."""
    return answer.status_code < 500 or (answer.status_code == 503 and "Retry-After" in answer.headers)


everybody = pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role or "nobody")


@everybody
def test_each_role_may_do_what_the_table_says_and_nothing_else(site, role):
    rows = {row.address: row for row in TABLE}
    visitor = Visitor(site, role)
    wrong = []
    for address in OWN:
        row = rows.get(without_suffix(address))
        if row is None:
            continue
        for method in METHODS:
            answer = visitor.ask(method, filled(address, site, row.pk), row.body)
            allowed = expected(row, role, method)
            is_sent_to_log_in = "/login/" in answer.headers.get("Location", "")
            right = answer.status_code in allowed and is_sent_to_log_in == (allowed == TO_THE_LOG_IN)
            if not right:
                wrong.append(f"{method} {address}: {answer.status_code}, not {sorted(allowed)}")
    assert not wrong, "\n".join(wrong)


@everybody
def test_what_is_for_everybody_never_fails(site, role):
    visitor = Visitor(site, role)
    answers = [
        (method, each, visitor.ask(method, f"/{each}")) for each in FOR_EVERYBODY for method in METHODS
    ]
    assert [(method, each) for method, each, answer in answers if not is_honest(answer)] == []


@everybody
def test_only_admins_get_into_the_administration(site, role):
    """Others are led away: what an address of it gives them is the log-in or a refusal."""
    visitor = Visitor(site, role)
    values = {"object_id": "1", "content_type_id": "1", "app_label": "tagging", "url": "x", "id": "1"}
    wrong = []
    for address in ADMINISTRATION:
        path = "/" + re.sub(r"<(\w+)>", lambda part: values[part[1]], address)
        for method in ("GET", "POST") if role != Role.ADMIN else ("GET",):
            answer = visitor.ask(method, path)
            is_led_away = answer.status_code in (302, 401, 403, 404, 405)
            if not is_honest(answer) or (role != Role.ADMIN and not is_led_away):
                wrong.append(f"{method} {address}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert (visitor.ask("GET", "/admin/").status_code == 200) == (role == Role.ADMIN)
