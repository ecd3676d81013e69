"""Who may do what at each address: one table, written by hand, against every address that the site has.

People are somebody of each role in all events, and members of one event in each role: of the event of the rows that
addresses lead to, or of another. Each row of the table says what an address has to do with events.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from operator import attrgetter
from typing import Any

import pytest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver

from damage.accounts.models import Role

pytestmark = pytest.mark.one_database  # doors ask for the role before they ask the database
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
LOOKING = ("GET", "HEAD")
ALL = frozenset(Role)
TAGGERS = ALL - {Role.GUEST}
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


class Events(Enum):
    """What an address has to do with events."""

    NONE = "nothing of an event is behind it"
    ROW = "the row it names belongs to an event: to members of others it is not there"
    LIST = "what it lists belongs to events: members of others find nothing of this one"
    SITE = "it is about all events: a role in one event is not enough"


@dataclass(frozen=True)
class Row:
    """Who may do what at one address; everybody else is refused, and every other method is none of it."""

    events: Events
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
    is_owned: bool = False  # the row is the volunteer's of `site`: no membership makes it somebody else's

    @property
    def is_page(self) -> bool:
        return not self.address.startswith(("api/v1/", "api/schema/"))


def post(roles: frozenset[Role]) -> dict[str, frozenset[Role]]:
    return {"POST": roles}


absent = frozenset({404})  # the rows of `site` have no such file
incomplete = frozenset({400})  # nor weights, which is told in words
SAMPLES = {
    "secret": "nobody-made-this",
    "z": 0,
    "x": 0,
    "y": 0,
    "size": 0,
    "name": "roc",
    "form": "svg",
}
OWN_TAG = {"PATCH": OWNER, "DELETE": OWNER | ADMINS}
OWN_UPLOAD = {"PATCH": ADMINS, "DELETE": ADMINS}
other_version = frozenset({412})
no_form = frozenset({415})  # a picture is sent as a form
here_or_412 = frozenset({200, 412})
V1 = "api/v1/"
HEAT_TILES = "prediction-runs/<pk>/heat-tiles/<z>/<x>/<y>.webp"
own_token = partial(Row, Events.NONE, others_see=False, is_owned=True)
model_action = partial(Row, Events.SITE, pk="model_run", hears=ANALYSTS)
prediction_action = partial(Row, Events.ROW, pk="prediction_run", hears=ANALYSTS)
TABLE = [
    # Pages: tagging is for all, models and predictions for analysts and admins.
    Row(Events.NONE, "account/password/", ALL, {"POST": ALL, "PUT": ALL}, has_options=True),
    Row(Events.NONE, "account/tokens/", ALL, post(ALL)),
    Row(Events.NONE, "account/passkeys/", ALL, post(ALL)),
    own_token("account/passkeys/<pk>/revoke/", does=post(OWNER), pk="passkey", hears=ALL),
    own_token("account/tokens/<pk>/revoke/", does=post(OWNER), pk="token", hears=ALL),
    Row(Events.NONE, "admin/login/"),  # leads strangers to the log-in, and says no to those who are in
    Row(Events.NONE, "account/keep/", ALL, post(ALL), found=frozenset({200, 302})),
    Row(Events.SITE, "invitations/", ADMINS, post(ADMINS)),
    Row(Events.SITE, "invitations/<pk>/revoke/", does=post(ADMINS), pk="invitation"),
    Row(Events.LIST, "tag/", TAGGERS),
    Row(Events.LIST, "tag/explore/", TAGGERS),
    Row(Events.LIST, "tags/", TAGGERS),
    Row(Events.SITE, "upload/", ADMINS),
    Row(Events.LIST, "coverage/", ANALYSTS),
    Row(Events.SITE, "questions/", ADMINS),
    Row(Events.SITE, "questions/new/", ADMINS),
    Row(Events.SITE, "questions/<pk>/", ADMINS, pk="question"),
    Row(Events.SITE, "training/", ANALYSTS),
    Row(Events.SITE, "training/compare/", ANALYSTS),
    Row(Events.SITE, "training/runs/<pk>/", ANALYSTS, pk="model_run"),
    Row(
        Events.SITE, "training/runs/<pk>/decide/", does=post(ANALYSTS), pk="model_run"
    ),  # which decision: test_deciding
    Row(Events.SITE, "training/runs/<pk>/<name>.<form>", ANALYSTS, pk="model_run", found=absent),
    Row(Events.SITE, "training/experiments/", ANALYSTS),
    Row(Events.SITE, "training/experiments/<pk>/", ANALYSTS, pk="experiment"),
    Row(Events.SITE, "training/experiments/<pk>/cancel/", does=post(ADMINS), pk="experiment"),
    Row(Events.SITE, "training/experiments/<pk>/results.json", ANALYSTS, pk="experiment"),
    Row(Events.SITE, "training/experiments/<pk>/<name>.csv", ANALYSTS, pk="experiment", found=absent),
    Row(Events.SITE, "training/experiments/<pk>/<name>.<form>", ANALYSTS, pk="experiment", found=absent),
    Row(Events.LIST, "map/", ANALYSTS),
    Row(Events.LIST, "map/runs/", ANALYSTS),
    Row(Events.ROW, "photos/<pk>/", ANALYSTS, pk="photo"),
    Row(Events.NONE, "api/", TAGGERS, has_options=True),
    # The API: what is seen while tagging.
    Row(Events.NONE, "api/schema/", TAGGERS),
    Row(Events.SITE, V1, ADMINS),
    Row(Events.LIST, V1 + "events/", TAGGERS),
    Row(Events.ROW, V1 + "events/<pk>/", TAGGERS, pk="mosaic.town.event"),
    Row(Events.LIST, V1 + "towns/", TAGGERS),
    Row(Events.ROW, V1 + "towns/<pk>/", TAGGERS, pk="mosaic.town"),
    Row(Events.LIST, V1 + "scenes/", TAGGERS),
    Row(Events.ROW, V1 + "scenes/<pk>/", TAGGERS, pk="mosaic"),
    Row(Events.ROW, V1 + "scenes/<pk>/pixel-tiles/<z>/<x>/<y>.jpg", TAGGERS, pk="mosaic"),
    Row(Events.ROW, V1 + "scenes/<pk>/map-tiles/<z>/<x>/<y>.webp", TAGGERS, pk="mosaic"),
    Row(Events.ROW, V1 + "scenes/<pk>/cells/", TAGGERS, pk="mosaic", found=absent),  # no question is named
    Row(
        Events.ROW,
        V1 + "scenes/<pk>/squares/<x>/<y>/<size>.jpg",
        TAGGERS,
        pk="mosaic",
        found=incomplete,
    ),
    Row(Events.ROW, V1 + "scenes/<pk>/quarantine/", does=post(ADMINS), pk="mosaic"),
    Row(Events.ROW, V1 + "scenes/<pk>/release/", does=post(ADMINS), pk="mosaic"),
    Row(Events.NONE, V1 + "questions/", TAGGERS, post(ADMINS)),
    Row(Events.NONE, V1 + "questions/<pk>/", TAGGERS, {"PATCH": ADMINS}, pk="question"),
    Row(
        Events.NONE,
        V1 + "questions/<pk>/examples/",
        does=post(ADMINS),
        pk="question",
        answers=no_form,
    ),
    Row(Events.NONE, V1 + "examples/<pk>/", does={"DELETE": ADMINS}, pk="example"),
    Row(Events.NONE, V1 + "examples/<pk>/picture.jpg", TAGGERS, pk="example", found=absent),
    Row(Events.LIST, V1 + "crops/", TAGGERS),
    Row(Events.ROW, V1 + "crops/<pk>/", TAGGERS, pk="tag.crop"),
    Row(Events.ROW, V1 + "crops/<pk>/image.png", TAGGERS, pk="tag.crop"),
    Row(Events.ROW, V1 + "crops/<pk>/thumbnail.jpg", TAGGERS, pk="tag.crop"),
    Row(Events.ROW, V1 + "crops/<pk>/quarantine/", does=post(ADMINS), pk="tag.crop"),
    Row(Events.ROW, V1 + "crops/<pk>/release/", does=post(ADMINS), pk="tag.crop"),
    Row(Events.LIST, V1 + "tags/", TAGGERS, post(TAGGERS)),
    Row(
        Events.ROW,
        V1 + "tags/<pk>/",
        TAGGERS,
        OWN_TAG,
        pk="tag",
        others_see=False,
        is_owned=True,
        body='{"answer": "negative"}',
    ),
    Row(Events.LIST, V1 + "queue/", TAGGERS, found=incomplete),  # no question is named
    Row(Events.NONE, V1 + "model-answer/", does=post(TAGGERS)),
    # The API: files on their way in, by a protocol of whose version nothing is said here.
    Row(Events.SITE, V1 + "uploads/", ADMINS, post(ADMINS), answers=other_version),
    Row(
        Events.SITE,
        V1 + "uploads/<pk>/",
        ADMINS,
        OWN_UPLOAD,
        pk="upload",
        found=here_or_412,
        answers=other_version,
    ),
    # The API: which ground was flown; of no town in particular it is nothing.
    Row(Events.LIST, V1 + "coverage/", ANALYSTS, found=incomplete),
    # The API: models.
    Row(Events.SITE, V1 + "model-runs/", ANALYSTS, post(ADMINS)),
    Row(Events.SITE, V1 + "model-runs/<pk>/", ANALYSTS, pk="model_run"),
    Row(Events.SITE, V1 + "model-runs/<pk>/crops/", ANALYSTS, pk="model_run"),
    Row(Events.SITE, V1 + "model-runs/<pk>/package/", ANALYSTS, pk="model_run", found=incomplete),
    Row(Events.SITE, V1 + "model-runs/<pk>/model-card.md", ANALYSTS, pk="model_run", found=incomplete),
    Row(Events.SITE, V1 + "model-runs/<pk>/stac-item.json", ANALYSTS, pk="model_run", found=incomplete),
    model_action(V1 + "model-runs/<pk>/cancel/", does=post(ADMINS)),
    model_action(V1 + "model-runs/<pk>/propose/", does=post(ADMINS)),
    model_action(V1 + "model-runs/<pk>/compare/", does=post(ADMINS)),
    model_action(V1 + "model-runs/<pk>/retire/", does=post(ADMINS)),
    model_action(V1 + "model-runs/<pk>/confirm/", does=post(ANALYSTS)),
    model_action(V1 + "model-runs/<pk>/decline/", does=post(ANALYSTS)),
    model_action(V1 + "model-runs/<pk>/roll-back/", does=post(ANALYSTS)),
    Row(Events.SITE, V1 + "experiments/", ANALYSTS),
    Row(Events.SITE, V1 + "experiments/<pk>/", ANALYSTS, pk="experiment"),
    # The API: predictions.
    Row(Events.LIST, V1 + "prediction-runs/", ANALYSTS, post(ADMINS)),
    Row(Events.ROW, V1 + "prediction-runs/<pk>/", ANALYSTS, pk="prediction_run"),
    prediction_action(V1 + "prediction-runs/<pk>/cancel/", does=post(ADMINS)),
    prediction_action(V1 + "prediction-runs/<pk>/continue/", does=post(ADMINS)),
    prediction_action(V1 + "prediction-runs/<pk>/threshold/", does=post(ADMINS)),
    Row(Events.ROW, V1 + "prediction-runs/<pk>/export.geojson", ANALYSTS, pk="prediction_run"),
    Row(Events.ROW, V1 + "prediction-runs/<pk>/export.zip", ANALYSTS, pk="prediction_run"),
    Row(
        Events.ROW,
        V1 + "prediction-runs/<pk>/heat-tiles/<z>/<x>/<y>.webp",
        ANALYSTS,
        pk="prediction_run",
        found=absent,
    ),
    Row(Events.LIST, V1 + "detections/", ANALYSTS),
    Row(Events.ROW, V1 + "detections/<pk>/", ANALYSTS, pk="detection"),
    Row(Events.ROW, V1 + "detections/<pk>/thumbnail.jpg", ANALYSTS, pk="detection"),
]
# Nothing is behind these that anybody may not have: any method is answered, and never with a fault.
FOR_EVERYBODY = {
    "",
    "login/",
    "login/passkey/",
    "join/<secret>/",
    "logout/",
    "i18n/setlang/",
    "jsi18n/",
    "admin/password_change/",
}


@pytest.fixture(autouse=True)
def data_folder(settings, site_folder):
    """The files of the one site that all tests here ask."""
    settings.DATA_DIR, settings.MEDIA_ROOT = site_folder, site_folder / "files"
    return site_folder


@pytest.fixture
def site(kept_site, db):
    """One for all tests: what visitors write is taken back."""
    return kept_site


def addresses(patterns=None, prefix="") -> Iterator[tuple[str, Callable[..., Any], bool]]:
    """Every address, with its <parts>, its view, and whether it belongs to Django's administration."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + readable(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            if pattern.app_name == "admin":
                yield from ((each, view, True) for each, view, _ in addresses(pattern.url_patterns, route))
            else:
                yield from addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback, False


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


OWN = {address: view for address, view, is_administration in addresses() if not is_administration}
ADMINISTRATION = [address for address, _, is_administration in addresses() if is_administration]


def test_the_table_names_every_address_and_no_other():
    named = {row.address for row in TABLE} | FOR_EVERYBODY
    assert {without_suffix(address) for address in OWN} == named
    assert len(named) == len(TABLE) + len(FOR_EVERYBODY)


def test_a_form_with_a_suffix_is_the_same_view():
    """So that few people need ask it."""
    pairs = [(OWN[without_suffix(each)], OWN[each]) for each in OWN if "<format>" in each]
    assert len(pairs) > 20
    for plain, suffixed in pairs:
        assert plain.cls is suffixed.cls
        assert getattr(plain, "actions", None) == getattr(suffixed, "actions", None)
        assert plain.initkwargs == suffixed.initkwargs


def filled(address: str, site, pk: str) -> str:
    values = {**SAMPLES, "format": "json", **({"pk": attrgetter(pk)(site).pk} if pk else {})}
    address = address.replace("/<format>", "/.<format>")  # the root's own
    return "/" + re.sub(r"<(\w+)>", lambda part: str(values[part[1]]), address)


@dataclass(frozen=True)
class Somebody:
    """A role in all events (`own`), and one by membership in the event of the site's rows, or in another."""

    own: Role | None
    member: Role | None = None
    is_of_another_event: bool = False

    def __str__(self) -> str:
        of = "another event" if self.is_of_another_event else "the event"
        return f"{self.member} of {of}" if self.member else str(self.own or "nobody")

    def plays(self, row: Row) -> Role | None:
        """The role that counts at an address."""
        return self.own if row.events == Events.SITE or not self.member else self.member


EVERYBODY = [
    Somebody(None),
    *(Somebody(role) for role in Role),
    *(
        Somebody(Role.GUEST, role, is_of_another_event)
        for role in (Role.VOLUNTEER, Role.VERIFIER, Role.ANALYST)
        for is_of_another_event in (False, True)
    ),
]


# The forms with a suffix, which lead to the same views, are asked by those from whom most is kept.
ASK_WITH_SUFFIXES = (Somebody(None), Somebody(Role.GUEST, Role.ANALYST, is_of_another_event=True))


def expected(row: Row, person: Somebody, method: str) -> set[int]:
    """The status codes that the table allows."""
    role = person.plays(row)
    does = dict.fromkeys(LOOKING, row.looks) | row.does
    hears = frozenset().union(*does.values()) if row.hears is None else row.hears
    if row.has_options or (row.has_options is None and not row.is_page):
        does["OPTIONS"] = hears
    if role is None:
        return TO_THE_LOG_IN if row.is_page else REFUSED
    is_seen_by_all = method in LOOKING and person.member != Role.VOLUNTEER
    if row.is_owned and person.member and does.get(method) and not is_seen_by_all and method != "OPTIONS":
        return NOT_THERE
    if role in does.get(method, NOBODY):
        if person.is_of_another_event and row.events == Events.ROW and method != "OPTIONS":
            return NOT_THERE
        return set(row.found) if method in LOOKING else set(DONE | row.answers)
    if does.get(method):
        return NOT_THERE if not row.others_see and role in hears else REFUSED
    return NO_SUCH_METHOD if role in hears else REFUSED


class Visitor:
    """Somebody whose requests leave nothing behind, neither rows nor a log-out."""

    def __init__(self, site, person: Somebody) -> None:
        self._site = site
        self._client = site.client_of(person.own, person.member, person.is_of_another_event)
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


everybody = pytest.mark.parametrize("person", EVERYBODY, ids=str)


@everybody
def test_each_role_may_do_what_the_table_says_and_nothing_else(site, person):
    rows = {row.address: row for row in TABLE}
    visitor = Visitor(site, person)
    wrong = []
    for address in OWN:
        row = rows.get(without_suffix(address))
        if row is None or ("<format>" in address and person not in ASK_WITH_SUFFIXES):
            continue
        for method in METHODS:
            answer = visitor.ask(method, filled(address, site, row.pk), row.body)
            allowed = expected(row, person, method)
            is_sent_to_log_in = "/login/" in answer.headers.get("Location", "")
            right = answer.status_code in allowed and is_sent_to_log_in == (allowed == TO_THE_LOG_IN)
            if not right:
                wrong.append(f"{method} {address}: {answer.status_code}, not {sorted(allowed)}")
    assert not wrong, "\n".join(wrong)


@everybody
def test_what_is_for_everybody_never_fails(site, person):
    visitor = Visitor(site, person)
    answers = [
        (method, each, visitor.ask(method, filled(each, site, "")))
        for each in FOR_EVERYBODY
        for method in METHODS
    ]
    assert [(method, each) for method, each, answer in answers if not is_honest(answer)] == []


@everybody
def test_only_admins_get_into_the_administration(site, person):
    """Others are led away: what an address of it gives them is the log-in or a refusal."""
    visitor = Visitor(site, person)
    values = {"object_id": "1", "content_type_id": "1", "app_label": "tagging", "url": "x", "id": "1"}
    wrong = []
    for address in ADMINISTRATION:
        path = "/" + re.sub(r"<(\w+)>", lambda part: values[part[1]], address)
        for method in ("GET", "POST") if person.own != Role.ADMIN else ("GET",):
            answer = visitor.ask(method, path)
            is_led_away = answer.status_code in (302, 401, 403, 404, 405)
            if not is_honest(answer) or (person.own != Role.ADMIN and not is_led_away):
                wrong.append(f"{method} {address}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert (visitor.ask("GET", "/admin/").status_code == 200) == (person.own == Role.ADMIN)


@pytest.mark.parametrize("member", [Role.VOLUNTEER, Role.VERIFIER, Role.ANALYST])
def test_members_find_their_event_in_every_list_and_nothing_of_another(site, member):
    """The names of the event, its town and its scenes are words that no address has of itself."""
    inside, outside = (
        Visitor(site, Somebody(Role.GUEST, member, is_of_another_event))
        for is_of_another_event in (False, True)
    )
    words = [site.mosaic.town.event.name, site.mosaic.town.name, site.mosaic.name, site.photo.name]
    told, untold = [], []
    for row in TABLE:
        if row.events == Events.LIST and member in row.looks:
            path = filled(row.address, site, row.pk) + asked_of(site).get(row.address, "")
            if any(word in outside.ask("GET", path).content.decode() for word in words):
                told.append(path)
            is_own = member == Role.VOLUNTEER and row.address == V1 + "tags/"  # and they have none
            if row.address not in FILLED_BY_SCRIPTS and not is_own and not has_rows(inside.ask("GET", path)):
                untold.append(path)
    assert (told, untold) == ([], [])


FILLED_BY_SCRIPTS = {"tag/", "tag/explore/", "tags/", "map/", "coverage/"}


def asked_of(site) -> dict[str, str]:
    """What lists are asked that give nothing without it."""
    return {
        V1 + "queue/": f"?question={site.question.slug}",
        V1 + "coverage/": f"?town={site.mosaic.town_id}",
    }


def has_rows(answer: HttpResponseBase) -> bool:
    if answer.headers["Content-Type"].startswith("text/html"):
        return b"<tbody>" in answer.content or b"/photos/" in answer.content
    found = answer.json()
    return bool(found.get("count") or found.get("squares") or found.get("features"))
