"""The app's pages."""

from django.urls import URLPattern, path

from tagging.views import tagging, tags

urlpatterns: list[URLPattern] = [
    path("tag/", tagging, name="tagging"),
    path("tags/", tags, name="tags"),
]
