"""The standing cast and places of the tests."""

import os
import shutil
from pathlib import Path

import hypothesis
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils import translation
from rest_framework.test import APIClient

from damage.accounts.models import Role, User
from damage.accounts.services import create_account
from damage.ingestion.models import Event, Town
from damage.work.locks import locked
from tagging.crowd import forget_crowds
from tagging.models import Question
from tagging.recompute_requests import forget_looks
from tests import transaction_guard

# A busy machine is not a slow function.
hypothesis.settings.register_profile("no_deadline", deadline=None)
hypothesis.settings.load_profile("no_deadline")

# Fixtures by which pytest-django opens the database, beside its mark.
DATABASE_FIXTURES = {"db", "transactional_db", "live_server"}
# Fixtures of tests that cost much and ask the database little that others do not ask: those with real imagery, and
# those that train a network.
COSTLY_FIXTURES = {"shared", "tiny", "short_lite", "inception", "shared_training"}

# The files that take longest, 40 s and more of a processor, longest first; the rest takes few seconds a file.
LONGEST_FIRST = (
    "test_postgresql.py",
    "e2e/test_map.py",
    "training/test_services.py",
    "e2e/test_tagging.py",
    "training/test_every_recipe.py",
    "training/registry/test_exchange.py",
    "training/networks/test_fine_tuning.py",
    "training/test_distillation.py",
    "training/networks/backbones/test_inception.py",
    "prediction/test_interruption.py",
    "training/networks/test_models_of_two_parts.py",
    "e2e/test_photos.py",
    "training/networks/backbones/test_building.py",
    "test_ended_midway.py",
    "contract/test_strange_input.py",
    "contract/test_roles_by_address.py",
    "contract/test_schemathesis.py",
    "training/test_input_sides.py",
    "training/networks/test_dense.py",
    "e2e/test_tags.py",
    "prediction/runners/test_cluster.py",
    "practice/test_demo.py",
    "training/experiments/test_pages.py",
    "prediction/test_models_of_two_parts.py",
    "training/registry/test_promotions.py",
    "test_serve.py",
)

TESTS = Path(__file__).resolve().parent
SHARED = TESTS.parent.parent / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--only-database",
        action="store_true",
        help="only tests that ask the database, and of them not the costly ones",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    put_longest_first(items)
    if config.getoption("--only-database"):
        choose_those_that_ask_the_database(config, items)


def put_longest_first(items: list[pytest.Item]) -> None:
    """Where files are shared out to processes, a long one that begins last would leave the others idle."""
    places = {TESTS / name: place for place, name in enumerate(LONGEST_FIRST)}
    assert all(path.exists() for path in places), "LONGEST_FIRST names a file that is not there"
    items.sort(key=lambda item: places.get(item.path, len(places)))


def choose_those_that_ask_the_database(config: pytest.Config, items: list[pytest.Item]) -> None:
    """By what tests ask for, so that a new test is chosen without being named."""
    is_everything = config.args_source == pytest.Config.ArgsSource.TESTPATHS
    known = {name for item in items for name in getattr(item, "fixturenames", ())}
    unknown = (DATABASE_FIXTURES | COSTLY_FIXTURES) - known
    if is_everything and unknown:
        raise pytest.UsageError(
            f"No test asks for {', '.join(sorted(unknown))}: tests/conftest.py names them."
        )
    chosen = [item for item in items if asks_the_database(item) and not is_costly(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def asks_the_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(fixtures & DATABASE_FIXTURES) or item.get_closest_marker("django_db") is not None


def is_costly(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    is_marked = any(item.get_closest_marker(name) for name in ("browser", "one_database"))
    return is_marked or bool(fixtures & COSTLY_FIXTURES)


@pytest.fixture(scope="session")
def installed_transaction_guard():
    transaction_guard.install()


@pytest.fixture(autouse=True)
def short_transactions(installed_transaction_guard):
    """No product code works with files, images or models while it keeps all others from writing."""
    with transaction_guard.watched() as caught:
        yield
    assert caught == []


def is_sqlite() -> bool:
    return connections["default"].vendor == "sqlite"


@pytest.fixture(scope="session")
def quick_sqlite():
    if is_sqlite():
        options = connections["default"].settings_dict["OPTIONS"]
        options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")


@pytest.fixture(scope="session")
def session_folder(request, tmp_path_factory) -> Path:
    """What all processes of this session share; a session within a test has its own."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if hasattr(request.config, "workerinput") else own


@pytest.fixture(scope="session")
def migrated_sqlite(session_folder, django_db_blocker, quick_sqlite) -> Path:
    """An SQLite database with nothing in it but what migrations put in: made once for all processes of a session.

    Tests copy it to where a site of their own has its database.
    """
    folder = session_folder / "migrated"
    file = folder / "migrated.sqlite3"
    with locked(folder, wait=True), django_db_blocker.unblock():
        if not file.exists():
            migrate(folder / "unfinished.sqlite3").rename(file)
    return file


def migrate(file: Path) -> Path:
    """All migrations, on a database that the site does not have."""
    connection = connections["default"]
    name = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = str(file)
    call_command("migrate", verbosity=0)
    connection.close()
    connection.settings_dict["NAME"] = name
    return file


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The copy of `migrated_sqlite` is not made anew, and pytest removes its folder; PostgreSQL begins with nothing."""
    return is_sqlite()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request, tmp_path_factory, quick_sqlite):
    """SQLite in a file, as on a real site: in memory, the browser tests' threads would share one connection."""
    if is_sqlite():
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        shutil.copyfile(request.getfixturevalue("migrated_sqlite"), file)
        connections["default"].settings_dict["TEST"] |= {"NAME": str(file), "MIGRATE": False}


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """What migrations put in is put back whenever a test with transactions of its own empties all tables.

    The tests after it need those rows, and where files are shared out to processes such tests are not the last.
    """
    with django_db_blocker.unblock():
        questions = list(Question.objects.all())

    def restore(using, **_):
        if not Question.objects.using(using).exists():
            Question.objects.using(using).bulk_create(questions)

    post_migrate.connect(restore, sender=apps.get_app_config("tagging"), weak=False)


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch):
    """Nobody cuts a test off from its power; `test_durability` looks at what real processes flush."""
    monkeypatch.setattr(os, "fsync", lambda file: None)


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path):
    """Files that a test stores go to a folder of its own."""
    settings.DATA_DIR = tmp_path / "data"
    settings.MEDIA_ROOT = settings.DATA_DIR / "files"
    return settings.DATA_DIR


@pytest.fixture(autouse=True)
def strange_crowds():
    """What a process keeps of people for a minute is of this test's people."""
    forget_crowds()
    forget_looks()


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    """Passwords are hashed slowly on purpose; tests need not wait."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def english():
    """A page read in Spanish leaves its language behind in the thread; each test begins in English."""
    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real imagery, which only developers have."""
    if not (SHARED / "data" / "crops.csv").is_file():
        pytest.skip("the shared folder with real imagery is not beside the project")
    return SHARED


@pytest.fixture
def volunteer(db) -> User:
    return create_account(username="rosa", password="practice-tags", role=Role.VOLUNTEER)


@pytest.fixture
def other_volunteer(db) -> User:
    return create_account(username="tomas", password="practice-tags", role=Role.VOLUNTEER)


@pytest.fixture
def verifier(db) -> User:
    return create_account(username="vera", password="practice-tags", role=Role.VERIFIER)


@pytest.fixture
def analyst(db) -> User:
    return create_account(username="ana", password="practice-tags", role=Role.ANALYST)


@pytest.fixture
def site_admin(db) -> User:
    return create_account(username="adela", password="practice-tags", role=Role.ADMIN)


@pytest.fixture
def api() -> APIClient:
    """An API client; `api.force_authenticate(person)` logs somebody in."""
    return APIClient()


@pytest.fixture
def event(db) -> Event:
    return Event.objects.create(name="Practice quake", slug="practice-quake")


@pytest.fixture
def town(event) -> Town:
    return Town.objects.create(event=event, name="Altamira", slug="altamira")


@pytest.fixture
def question(db) -> Question:
    return Question.objects.get(slug="damage")
