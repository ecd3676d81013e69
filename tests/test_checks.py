"""What every command warns of."""

from django.core.checks import run_checks


def warnings() -> dict[str, str]:
    return {check.id: check.msg for check in run_checks() if check.id.startswith("damage.")}


def test_a_site_as_it_should_be_has_no_warnings(data_folder):
    data_folder.mkdir(mode=0o700)
    assert warnings() == {}


def test_a_name_that_looks_like_a_setting_is_told(data_folder, monkeypatch):
    data_folder.mkdir(mode=0o700)
    monkeypatch.setenv("DAMGE_HTTPS", "1")
    assert warnings() == {"damage.W001": "DAMGE_HTTPS looks like DAMAGE_HTTPS, and is not read."}


def test_a_data_folder_that_others_can_enter_is_told(data_folder):
    data_folder.mkdir()
    data_folder.chmod(0o755)
    assert list(warnings()) == ["damage.W002"]
