"""Texts that are worded for whoever reads them, long after they were written."""

import json
import os
import subprocess
import sys

import pytest
from django.utils import translation
from rest_framework.test import APIRequestFactory

from damage.api import answer_error
from damage.environment import BASE_DIR
from damage.errors import Conflict, NotNow, Refused, TooMany, reason_of
from damage.json_renderer import JSONRenderer
from damage.message_field import MessageField
from damage.messages import Message, worded
from damage.messages import Message as _
from training.models import Experiment

KNOWN = "%(run)s is not finished."
FINISHED = Message(KNOWN) % {"run": "Model run 3"}


def test_a_message_is_worded_in_the_readers_language():
    assert str(FINISHED) == "Model run 3 is not finished."
    with translation.override("es"):
        spanish = str(FINISHED)
    assert "Model run 3" in spanish
    assert spanish != str(FINISHED)


def test_a_refusal_keeps_its_message_until_it_is_read():
    refusal = Refused(FINISHED, _("Choose a finished model run."))
    assert str(refusal) == "Model run 3 is not finished. Choose a finished model run."
    with translation.override("es"):
        assert "is not finished" not in str(refusal)
        assert "Choose" not in str(refusal)


def test_messages_within_messages_are_worded_too():
    outer = _("%(work)s was deleted.") % {"work": Message("queued")}
    with translation.override("es"):
        assert str(Message.of_json(json.loads(json.dumps(outer.as_json())))).startswith("en cola")


@pytest.mark.parametrize("text", ["100 % of it", "%(x)s and %d", "", '{"message": "x", "values": {}}'])
def test_plain_words_stay_as_they_are(text, db):
    """Rows from before, and words from elsewhere that look like a kept message."""
    row = Experiment.objects.create(kind=Experiment.Kind.ROC, error=text)
    row.refresh_from_db()
    assert str(row.error) == text


def test_a_row_keeps_the_message_and_not_its_words(db):
    with translation.override("es"):
        row = Experiment.objects.create(kind=Experiment.Kind.ROC, error=reason_of(Refused(FINISHED)))
    row.refresh_from_db()
    assert row.error == "Model run 3 is not finished."
    with translation.override("es"):
        assert row.error == str(FINISHED)


def test_one_statement_writes_a_message_too(db):
    row = Experiment.objects.create(kind=Experiment.Kind.ROC)
    assert not row.error
    Experiment.objects.filter(pk=row.pk).update(error=FINISHED)
    row.refresh_from_db()
    assert row.error
    assert Experiment._meta.get_field("error").value_to_string(row) == json.dumps(FINISHED.as_json())


def test_a_message_in_json_is_its_words():
    assert json.loads(JSONRenderer().render({"why": FINISHED})) == {"why": str(FINISHED)}


def test_an_error_of_python_is_told_with_its_kind():
    assert reason_of(ZeroDivisionError("50 % of nothing")) == "ZeroDivisionError: 50 % of nothing"


def test_the_field_is_known_to_migrations_by_its_module():
    assert MessageField().deconstruct()[1] == "damage.message_field.MessageField"


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (Refused("no"), 400, None),
        (Conflict("no"), 409, None),
        (TooMany("no", retry_after_s=30), 429, "30"),
        (NotNow("no"), 503, "5"),
    ],
)
def test_an_api_tells_refused_from_not_now(error, status, retry_after):
    answer = answer_error(error, {"request": APIRequestFactory().get("/")})
    assert answer.status_code == status
    assert answer.data == {"detail": "no", "remedy": ""}
    assert answer.headers.get("Retry-After") == retry_after


def test_data_is_worded_message_by_message():
    data = {"plan": {"reasons": [FINISHED.as_json(), "as before"], "scale": 2}, "warnings": []}
    assert worded(json.loads(json.dumps(data))) == {
        "plan": {"reasons": ["Model run 3 is not finished.", "as before"], "scale": 2},
        "warnings": [],
    }


def test_a_process_without_django_words_it_as_the_code_does():
    code = "from damage.messages import Message; print(Message('%(run)s is not finished.') % {'run': 3})"
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "3 is not finished.\n"
