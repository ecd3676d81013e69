"""Every operation of the API is asked what its own schema allows and forbids, by every role and by nobody."""

from collections import Counter

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
    status_code_conformance,
)

from damage.accounts.models import Role

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
]
# So many requests an operation, for each role and for both allowed and forbidden input.
QUICK = settings(
    max_examples=1,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


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


def strategies_of(operation):
    """Allowed requests, for rows that are there and for others, and forbidden ones."""
    there = {"id": 1, "z": 0, "x": 0, "y": 0}
    names = {each.name for each in operation.path_parameters}
    rows = {name: value for name, value in there.items() if name in names}
    yield operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    yield operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    if rows:
        yield operation.as_strategy(generation_mode=GenerationMode.POSITIVE, path_parameters=rows)


def problems_of(site, client, case):
    """What the answer is against the schema, in words; nothing that it wrote stays."""
    with site.taken_back():
        answer = ask(client, case)
    try:
        case.validate_response(answer, checks=CHECKS)
    except BaseExceptionGroup as group:
        return [f"{answer.status_code} {type(each).__name__}: {str(each)[:300]}" for each in group.exceptions]
    return []


@pytest.mark.parametrize("role", [None, *Role])
def test_the_api_answers_as_it_says(site, described, role):
    client = site.client_of(role)
    problems = Counter()
    for result in schemathesis.openapi.from_dict(described).get_all_operations():
        operation = result.ok()
        for strategy in strategies_of(operation):

            @seed(1)
            @QUICK
            @given(case=strategy)
            def check(case):
                problems.update((case.operation.label, each) for each in problems_of(site, client, case))

            check()
    assert problems == {}
