"""Every operation of the API is asked what its own schema allows and forbids, by every role and by nobody."""

from collections import Counter, defaultdict

import pytest
import schemathesis
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, seed, settings
from requests import Request as PreparedRequest
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from damage.accounts.models import Role

pytestmark = pytest.mark.one_database  # what is asked here is about the schema, and costs much
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# So many requests an operation, for each role and for both allowed and forbidden input.
QUICK = settings(
    max_examples=1,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
# What the rows of the site have no files for, so that nobody sees more than a refusal.
WITHOUT_FILES = {
    "GET /api/v1/examples/{id}/picture.jpg",
    "GET /api/v1/model-runs/{id}/package/",
    "GET /api/v1/model-runs/{id}/model-card.md",
    "GET /api/v1/model-runs/{id}/stac-item.json",
    "GET /api/v1/prediction-runs/{id}/heat-tiles/{z}/{x}/{y}.webp",
}


@pytest.fixture(scope="session")
def described():
    """The API as it describes itself."""
    return SchemaGenerator().get_schema(request=None, public=True)


def test_the_schema_is_made_without_warnings(described):
    GENERATOR_STATS.reset()
    SchemaGenerator().get_schema(request=None, public=True)
    assert not GENERATOR_STATS


def ask(client, case):
    """Send a case through Django's client, and give the answer as schemathesis knows answers."""
    sent = case.as_transport_kwargs(base_url="http://testserver")
    request = PreparedRequest(
        **{name: sent.get(name) for name in ("method", "url", "params", "json", "data", "headers")}
    ).prepare()
    headers = {key: value for key, value in request.headers.items() if key.lower() != "content-type"}
    answer = client.generic(
        case.method,
        request.url.removeprefix("http://testserver"),
        request.body or b"",
        content_type=request.headers.get("Content-Type", ""),
        headers=headers,
    )
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return Response(
        status_code=answer.status_code,
        headers={name: [value] for name, value in answer.items()},
        content=content,
        request=request,
        elapsed=0.0,
        verify=False,
    )


def row_of(site, path):
    """The row of the site that an operation's address names; None where it names none."""
    rows = {
        "events": site.mosaic.town.event,
        "towns": site.mosaic.town,
        "scenes": site.mosaic,
        "questions": site.question,
        "examples": site.example,
        "crops": site.tag.crop,
        "tags": site.tag,
        "model-runs": site.model_run,
        "experiments": site.experiment,
        "prediction-runs": site.prediction_run,
        "detections": site.detection,
        "uploads": site.upload,
    }
    return rows[path.removeprefix("/api/v1/").split("/")[0]] if "{id}" in path else None


def strategies_of(site, operation):
    """Allowed requests, for rows that are there and for others, and forbidden ones."""
    row = row_of(site, operation.path)
    there = {"id": row and row.pk, "z": 0, "x": 0, "y": 0, "size": 16}
    names = {each.name for each in operation.path_parameters}
    rows = {name: value for name, value in there.items() if name in names}
    asked = asked_of(site).get(operation.path)
    yield operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    yield operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    if rows or asked:
        parts = {"path_parameters": rows, "query": asked}
        given = {name: value for name, value in parts.items() if value}
        yield operation.as_strategy(generation_mode=GenerationMode.POSITIVE, **given)


def asked_of(site):
    """What addresses are asked that give nothing without it."""
    question = {"question": site.question.slug}
    return {
        "/api/v1/queue/": question,
        "/api/v1/scenes/{id}/cells/": question,
        "/api/v1/coverage/": {"town": site.mosaic.town_id},
    }


def problems_of(case, answer):
    """What the answer is against the schema, in words."""
    try:
        case.validate_response(answer, checks=CHECKS)
    except BaseExceptionGroup as group:
        return [f"{answer.status_code} {type(each).__name__}: {str(each)[:600]}" for each in group.exceptions]
    return []


@pytest.mark.parametrize("role", [None, *Role])
def test_the_api_answers_as_it_says(site, described, role):
    client = site.client_of(role)
    problems, statuses = Counter(), defaultdict(set)
    for result in schemathesis.openapi.from_dict(described).get_all_operations():
        operation = result.ok()
        for strategy in strategies_of(site, operation):

            @seed(1)
            @QUICK
            @given(case=strategy)
            def check(case):
                with site.taken_back():
                    answer = ask(client, case)
                statuses[case.operation.label].add(answer.status_code)
                problems.update((case.operation.label, each) for each in problems_of(case, answer))

            check()
    assert not problems, "\n".join(
        f"{count} x {label}: {words}" for (label, words), count in problems.items()
    )
    if role == Role.ADMIN:
        unseen = {label for label, seen in statuses.items() if label.startswith("GET") and 200 not in seen}
        assert unseen == WITHOUT_FILES
