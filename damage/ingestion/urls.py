"""The app's pages."""

from django.urls import URLPattern, path

from damage.ingestion.views import coverage, upload

urlpatterns: list[URLPattern] = [
    path("upload/", upload, name="upload"),
    path("coverage/", coverage, name="coverage"),
]
