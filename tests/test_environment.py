"""What the environment may say, and what is refused at start-up."""

from pathlib import Path

import pytest

from damage.environment import BASE_DIR, DEVELOPMENT_KEY, VARIABLES, BadSetting, misspelt, read_environment

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
        ("DAMAGE_SECRET_KEY", DEVELOPMENT_KEY),
        ("DAMAGE_ALLOWED_HOSTS", "*"),
        ("DAMAGE_ALLOWED_HOSTS", "map.example,*"),
        ("DAMAGE_ALLOWED_HOSTS", " , "),
        ("DAMAGE_ALLOWED_HOSTS", ""),
        ("DAMAGE_ALLOWED_HOSTS", "https://map.example"),
        ("DAMAGE_ALLOWED_HOSTS", "map.example:8000"),
        ("DAMAGE_ALLOWED_HOSTS", "*.map.example"),
        ("DAMAGE_ALLOWED_HOSTS", "2001:db8::1"),
        ("DAMAGE_DATA", ""),
        ("DAMAGE_DATA", "."),
        ("DAMAGE_DATA", "/"),
        ("DAMAGE_TIME_ZONE", ""),
        ("DAMAGE_TIME_ZONE", "Mexico"),
        ("DAMAGE_TIME_ZONE", "../../etc/passwd"),
        ("DATABASE_URL", "postgres://host:port/name"),
        ("DATABASE_URL", "postgres://host"),
        ("DATABASE_URL", "postgres://[host/name"),
        ("DAMAGE_THREADS", "9" * 5000),
        ("DAMAGE_FETCH_HOSTS", "*"),
        ("DAMAGE_FETCH_HOSTS", "https://imagery.example"),
        ("DAMAGE_FETCH_HOSTS", "imagery.example/folder"),
        ("DAMAGE_FETCH_HOSTS", "imagery.example:443"),
        ("DAMAGE_FETCH_HOSTS", "imagery.example, localhost"),
        ("DAMAGE_FETCH_HOSTS", "127.0.0.1"),
        ("DAMAGE_FETCH_HOSTS", "2130706433"),
        ("DAMAGE_FETCH_HOSTS", "[::1]"),
        ("DAMAGE_FETCH_HOSTS", ".com"),
    ],
)
def test_a_bad_value_is_refused_by_name(name, value):
    with pytest.raises(BadSetting, match=name):
        read_environment({"DAMAGE_SECRET_KEY": KEY, name: value})


@pytest.mark.parametrize(
    "hosts", ["map.example", ".map.example", "192.168.1.20", "[2001:db8::1]", "localhost, laptop.local"]
)
def test_hosts_that_browsers_send_are_taken(hosts):
    read_environment({"DAMAGE_SECRET_KEY": KEY, "DAMAGE_ALLOWED_HOSTS": hosts})


def test_hosts_to_fetch_from_are_split_at_commas_and_none_by_default():
    named = {"DAMAGE_DEBUG": "1", "DAMAGE_FETCH_HOSTS": "noaa-eri-pds.s3.amazonaws.com, .Map.Example,"}
    assert read_environment(named).fetch_hosts == ("noaa-eri-pds.s3.amazonaws.com", ".map.example")
    assert read_environment({"DAMAGE_DEBUG": "1"}).fetch_hosts == ()


def test_any_host_will_do_in_development():
    assert read_environment({"DAMAGE_DEBUG": "1", "DAMAGE_ALLOWED_HOSTS": "*"}).allowed_hosts == ["*"]


def test_a_time_zone_that_is_nearly_right_is_named():
    with pytest.raises(BadSetting, match="America/Mexico_City"):
        read_environment({"DAMAGE_DEBUG": "1", "DAMAGE_TIME_ZONE": "america/mexico-city"})


def test_secrets_are_not_repeated():
    url = "postgres://damage:hunter2@db.example/damage"
    shown = repr(read_environment({"DAMAGE_SECRET_KEY": KEY, "DATABASE_URL": url}))
    assert KEY not in shown
    assert "hunter2" not in shown
    with pytest.raises(BadSetting) as refusal:
        read_environment(
            {"DAMAGE_SECRET_KEY": KEY, "DATABASE_URL": "postgres://damage:hunter/2@db.example/x"}
        )
    assert "hunter" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DAMAGE_DEBGU", "DAMAGE_DEBUG"),
        ("damage_https", "DAMAGE_HTTPS"),
        ("DAMAGE_ALLOWED_HOST", "DAMAGE_ALLOWED_HOSTS"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_right_one(name, meant):
    with pytest.raises(BadSetting, match=f"{name} is no setting of Damage. Did you mean {meant}"):
        read_environment({"DAMAGE_SECRET_KEY": KEY, name: "1"})


def test_a_name_of_others_is_told_when_it_looks_like_one_of_ours():
    environ = {"DAMGE_HTTPS": "1", "DATABASE_URI": "x", "HOME": "/root", "DAMAGE_DEBUG": "1", "DEBUG": "1"}
    assert misspelt(environ) == {"DAMGE_HTTPS": "DAMAGE_HTTPS", "DATABASE_URI": "DATABASE_URL"}


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_every_variable_is_documented(variable):
    page = (BASE_DIR / "docs" / "configuration.md").read_text()
    assert f"`{variable.name}`" in page
    assert variable.meaning in page
