"""The app's pages."""

from django.urls import URLPattern, path

from prediction.views import damage_map

urlpatterns: list[URLPattern] = [
    path("map/", damage_map, name="map"),
]
