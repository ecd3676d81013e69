"""Who sees the damage map."""

from django.urls import reverse


def test_a_stranger_is_asked_to_log_in(client, db):
    assert client.get(reverse("map")).url == f"{reverse('login')}?next={reverse('map')}"


def test_a_volunteer_does_not_see_which_homes_may_have_fallen(client, volunteer):
    client.force_login(volunteer)
    assert client.get(reverse("map")).status_code == 403


def test_an_analyst_sees_the_map_but_cannot_start_predictions(client, analyst):
    client.force_login(analyst)
    page = client.get(reverse("map"))
    assert page.status_code == 200
    assert b'id="request"' not in page.content


def test_an_admin_may_start_predictions_there(client, site_admin):
    client.force_login(site_admin)
    assert b'id="request"' in client.get(reverse("map")).content
