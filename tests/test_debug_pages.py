"""What a developer's page of an error shows."""

import sys
from dataclasses import replace
from urllib.parse import quote

import pytest
from django.views.debug import technical_500_response

KEY = "a-secret-key-with-'quotes'-&-signs-in-it"
PASSWORD = "p@ss/word<3"


@pytest.mark.parametrize("accept", ["text/html", "text/plain"])
def test_it_shows_no_secret(rf, settings, accept):
    url = f"postgres://damage:{quote(PASSWORD, safe='')}@db.example/damage"
    settings.DEBUG = True
    settings.SECRET_KEY = KEY
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, secret_key=KEY, database_url=url)
    # Not the setting itself: its connections would be made anew.
    settings.DATABASES["default"]["PASSWORD"] = PASSWORD
    request = rf.get("/somewhere/", headers={"accept": accept}, DATABASE_URL=url, DAMAGE_SECRET_KEY=KEY)

    def connect(conninfo: str) -> None:
        raise OSError(f"cannot reach {conninfo}")

    try:
        connect(f"host=db.example password={PASSWORD}")
    except OSError:
        page = technical_500_response(request, *sys.exc_info()).content.decode()
    finally:
        settings.DATABASES["default"]["PASSWORD"] = ""
    assert "cannot reach host=db.example" in page
    assert "ENVIRONMENT" in page
    assert "quotes" not in page
    assert "p@ss" not in page
    assert quote(PASSWORD, safe="") not in page
