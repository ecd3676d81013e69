"""The app's pages."""

from django.urls import URLPattern, path

from tagging.views import explore, tagging, tags

urlpatterns: list[URLPattern] = [
    path("tag/", tagging, name="tagging"),
    path("tag/explore/", explore, name="explore-scene"),
    path("tags/", tags, name="tags"),
]
