"""The app's pages."""

from django.urls import URLPattern, path

from prediction.views import damage_map, photo, prediction_runs

urlpatterns: list[URLPattern] = [
    path("map/", damage_map, name="map"),
    path("map/runs/", prediction_runs, name="prediction-runs"),
    path("photos/<row:pk>/", photo, name="photo"),
]
