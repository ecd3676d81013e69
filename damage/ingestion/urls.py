"""The app's pages."""

from django.urls import URLPattern, path

from damage.ingestion.joining.views import invitations, join, revoke_invitation
from damage.ingestion.views import coverage, upload

urlpatterns: list[URLPattern] = [
    path("upload/", upload, name="upload"),
    path("coverage/", coverage, name="coverage"),
    path("join/<str:secret>/", join, name="join"),
    path("invitations/", invitations, name="invitations"),
    path("invitations/<row:pk>/revoke/", revoke_invitation, name="revoke-invitation"),
]
