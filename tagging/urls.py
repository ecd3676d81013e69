"""The app's pages."""

from django.urls import URLPattern, path

from tagging.views import explore, question, questions, tagging, tags

urlpatterns: list[URLPattern] = [
    path("tag/", tagging, name="tagging"),
    path("tag/explore/", explore, name="explore-scene"),
    path("tags/", tags, name="tags"),
    path("questions/", questions, name="questions"),
    path("questions/new/", question, name="new-question"),
    path("questions/<row:pk>/", question, name="question"),
]
