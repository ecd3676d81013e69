"""The collected files of a real site."""

import pytest
from django.core.management.base import CommandError
from django.template.loader import render_to_string

from damage import static_files
from damage.environment import BadSetting
from damage.static_files import collect_where_needed, refuse_uncollected


@pytest.fixture
def real_site(settings, tmp_path, monkeypatch):
    """A site outside development with one style; gives where it lies."""
    sources = tmp_path / "static"
    (sources / "dist").mkdir(parents=True)
    (sources / "dist" / "app.js").write_text("let a = 1;")
    style = sources / "site.css"
    style.write_text("body { color: black }")
    monkeypatch.setattr(static_files, "BASE_DIR", tmp_path)
    settings.DEBUG = False
    settings.STATICFILES_DIRS = [sources]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "build" / "static"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    return style


def test_they_are_collected_once_and_again_when_they_changed(real_site, settings):
    told: list[str] = []
    with pytest.raises(BadSetting, match="collectstatic"):
        refuse_uncollected()
    for _ in range(2):
        collect_where_needed(told.append)
    assert len(told) == 1
    refuse_uncollected()
    real_site.write_text("body { color: blue }")
    collect_where_needed(told.append)
    assert len(told) == 2
    assert len(list(settings.STATIC_ROOT.glob("site.*.css"))) == 2


def test_where_they_cannot_be_written_it_is_said(real_site, settings):
    settings.STATIC_ROOT = real_site / "static"
    with pytest.raises(CommandError, match="cannot be written"):
        collect_where_needed(print)


def test_scripts_that_were_not_built_are_told(real_site):
    (real_site.parent / "dist" / "app.js").unlink()
    with pytest.raises(CommandError, match="npm run build"):
        collect_where_needed(print)


def test_the_error_page_comes_without_them(real_site):
    assert "Something went wrong" in render_to_string("500.html")
