"""The app's part of the API: (prefix, viewset) pairs and other paths, put together in `damage.urls`."""

from django.urls import URLPattern
from rest_framework.viewsets import ViewSetMixin

routes: list[tuple[str, type[ViewSetMixin]]] = []
urlpatterns: list[URLPattern] = []
