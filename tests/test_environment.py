"""What the environment may say, and what is refused at start-up."""

from pathlib import Path

import pytest

from damage.environment import BASE_DIR, VARIABLES, BadSetting, read_environment

KEY = "k" * 32


def test_debug_does_without_a_secret_key():
    assert read_environment({"DAMAGE_DEBUG": "1"}).debug


def test_a_real_site_does_not_start_without_a_secret_key():
    with pytest.raises(BadSetting, match="DAMAGE_SECRET_KEY"):
        read_environment({})


def test_hosts_are_split_at_commas():
    environment = read_environment(
        {"DAMAGE_SECRET_KEY": KEY, "DAMAGE_ALLOWED_HOSTS": "map.example, 10.0.0.5"}
    )
    assert environment.allowed_hosts == ["map.example", "10.0.0.5"]


def test_the_data_folder_may_be_anywhere(tmp_path):
    environment = read_environment({"DAMAGE_DEBUG": "1", "DAMAGE_DATA": str(tmp_path)})
    assert environment.data_dir == Path(tmp_path).resolve()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DAMAGE_DEBUG", "yes"),
        ("DAMAGE_HTTPS", "on"),
        ("DAMAGE_SECRET_KEY", "short"),
        ("DATABASE_URL", "mysql://somewhere/else"),
        ("DAMAGE_LANGUAGE", "fr"),
        ("DAMAGE_MAX_PHOTO_MPX", "-3"),
        ("DAMAGE_MAX_PHOTO_MPX", "many"),
        ("DAMAGE_WEIGHTS", "no/such/folder"),
        ("DAMAGE_GEOCODER", "guess"),
        ("DAMAGE_THREADS", "2.5"),
        ("DAMAGE_DASK", "192.168.7.1:8786"),
    ],
)
def test_a_bad_value_is_refused_by_name(name, value):
    with pytest.raises(BadSetting, match=name):
        read_environment({"DAMAGE_SECRET_KEY": KEY, name: value})


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_every_variable_is_documented(variable):
    page = (BASE_DIR / "docs" / "configuration.md").read_text()
    assert f"`{variable.name}`" in page
    assert variable.meaning in page
