"""What exists is documented."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands
from drf_spectacular.generators import SchemaGenerator

ROOT = Path(__file__).resolve().parent.parent
OWN_APPS = {"damage", "damage.ingestion", "tagging", "training", "prediction", "damage.practice"}
OWN_COMMANDS = sorted(name for name, app in get_commands().items() if app in OWN_APPS)


@pytest.mark.parametrize("name", OWN_COMMANDS)
def test_every_command_is_on_the_admins_page(name):
    assert f"manage.py {name}" in (ROOT / "docs" / "admins.md").read_text()


def test_the_readme_names_the_two_commands_and_a_page_per_role():
    readme = (ROOT / "README.md").read_text()
    for needed in (
        "make demo",
        "make test",
        *(f"docs/{role}.md" for role in ("volunteers", "verifiers", "analysts", "admins")),
    ):
        assert needed in readme


def test_every_address_of_the_api_is_on_its_page_and_no_other():
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    served = {
        re.sub(r"{(\w+)}", lambda name: name[1].upper(), path).removeprefix("/api/v1/") for path in paths
    }
    table = [line for line in (ROOT / "docs" / "api.md").read_text().splitlines() if line.startswith("| `")]
    documented = set(re.findall(r"`([a-z]+(?:-[a-z]+)*/[^` ?]*)`", " ".join(table)))
    assert documented == served
