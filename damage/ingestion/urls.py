"""The app's pages."""

from django.urls import URLPattern, path

from damage.ingestion.views import upload

urlpatterns: list[URLPattern] = [path("upload/", upload, name="upload")]
