"""Which addresses may be fetched, and what files are called."""

import pytest

from damage.errors import Refused
from damage.ingestion.remote.addresses import (
    checked_address,
    flight_day,
    iso_time,
    name_of,
    phase_of,
    safe_name,
)

HOSTS = ("imagery.example", ".open.example")


@pytest.mark.parametrize(
    "address",
    [
        "https://imagery.example/a.tif",
        "https://IMAGERY.example/a%20b.tif?versionId=3",
        "https://imagery.example:443/a.tif",
        "https://open.example/a.tif",
        "https://eu.open.example/a.tif",
    ],
)
def test_https_addresses_of_allowed_hosts_may_be_fetched(address):
    assert checked_address(address, HOSTS).scheme == "https"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://imagery.example/a.tif", "https://"),
        ("ftp://imagery.example/a.tif", "https://"),
        ("file:///etc/passwd", "https://"),
        ("//imagery.example/a.tif", "https://"),
        ("imagery.example/a.tif", "https://"),
        ("https://imagery.example:8443/a.tif", "port"),
        ("https://imagery.example:22/a.tif", "port"),
        ("https://ann@imagery.example/a.tif", "password"),
        ("https://ann:secret@imagery.example/a.tif", "password"),
        ("https://imagery.example@evil.example/a.tif", "password"),
        ("https://imagery.example\\@evil.example/a.tif", "password"),
        ("https://imagery.example%2f@evil.example/a.tif", "password"),
        ("https://evil.example/?https://imagery.example/a.tif", "evil.example"),
        ("https://evil.example#@imagery.example/a.tif", "evil.example"),
        ("https://evil.example\\.imagery.example/a.tif", "imagery.example"),
        ("https://imagery.example.evil.example/a.tif", "evil.example"),
        ("https://notopen.example/a.tif", "notopen.example"),
        ("https://localhost/a.tif", "localhost"),
        ("https://127.0.0.1/a.tif", "127.0.0.1"),
        ("https://2130706433/a.tif", "2130706433"),
        ("https://0x7f.0.0.1/a.tif", "0x7f.0.0.1"),
        ("https://0177.0.0.1/a.tif", "0177.0.0.1"),
        ("https://127.1/a.tif", "127.1"),
        ("https://[::1]/a.tif", "::1"),
        ("https://[::ffff:127.0.0.1]/a.tif", "::ffff"),
        ("https://169.254.169.254/latest/meta-data/", "169.254"),
        ("https://imagery.example\n.evil.example/", "cannot be read"),
        ("https://imagery.example:99999/", "port"),
        ("https://[/a.tif", "Nothing may be fetched"),
        ("https://imagery.example/" + "a" * 3000, "too long"),
        ("https:///a.tif", "Nothing may be fetched"),
        ("", "https://"),
    ],
)
def test_any_other_address_is_refused(address, words):
    with pytest.raises(Refused) as refusal:
        checked_address(address, HOSTS)
    assert words in str(refusal.value)


def test_without_the_setting_nothing_is_fetched_and_its_name_is_said():
    with pytest.raises(Refused, match=r"DAMAGE_FETCH_HOSTS=imagery\.example"):
        checked_address("https://imagery.example/a.tif", ())


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://imagery.example/2020/20200307aC0852700w360900n.tif", "20200307aC0852700w360900n.tif"),
        ("https://imagery.example/a.tif?x=/b.tif", "a.tif"),
        ("https://imagery.example/x/..%2f..%2f..%2fetc%2fcron.d%2fjob.tif", "job.tif"),
        ("https://imagery.example/x/..%5c..%5cjob.tif", "job.tif"),
        ("https://imagery.example/.%2e.tif", "tif"),
        ("https://imagery.example/.htaccess", "htaccess"),
        ("https://imagery.example/a%00b%0d%0a%1b%5b31m.tif", "ab[31m.tif"),
        ("https://imagery.example/%E4%BA%AC.tif", "京.tif"),
        ("https://imagery.example/", "image"),
        ("https://imagery.example/" + "%E4%BA%AC" * 200 + ".tif", "京" * 33 + ".tif"),
    ],
)
def test_a_file_is_named_by_the_last_part_of_its_address_and_never_leaves_its_folder(address, name):
    assert name_of(address) == name


def test_names_of_items_become_one_name():
    assert safe_name("11/031311102001/103001010A705C00.tif") == "11-031311102001-103001010A705C00.tif"
    assert safe_name("../../x") == "x"


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("2023-02-08", "2023-02-08"),
        ("2023-02-08T10:20:30Z", "2023-02-08T10:20:30+00:00"),
        ("2023-02-08T10:20:30.500+03:00", "2023-02-08T07:20:30.500000+00:00"),
        ("2023-02-08T10:20:30", ""),  # of which zone, nobody knows
        ("0001-01-01T00:00:00+14:00", ""),
        ("2023-13-01", ""),
        ("yesterday", ""),
        ("2" * 100_000, ""),
        (None, ""),
        (20230208, ""),
        (["2023-02-08"], ""),
    ],
)
def test_times_are_days_or_moments_with_a_zone(value, time):
    assert iso_time(value) == time


def test_what_folders_say_of_day_and_phase():
    assert flight_day("2020_Nashville_Tornado/20200307a_RGB/20200307aC0852700w360900n.tif") == "2020-03-07"
    assert flight_day("x/20201340a_RGB/a.tif") == ""
    assert flight_day("x/20200230a_RGB/a.tif") == ""
    assert phase_of("/events/quake/pre-event/a.tif") == "before"
    assert phase_of("/2026_Pre_Event/a.tif") == "before"
    assert phase_of("/events/quake/post-event/a.tif") == "after"
    assert phase_of("/events/pre-event/post-event/a.tif") == ""
    assert phase_of("/events/quake/ard/a.tif") == ""
