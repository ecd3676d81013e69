"""Addresses of the log-in and of one's own account."""

from django.contrib.auth.views import LogoutView
from django.urls import path
from django.views.generic import RedirectView

from damage.accounts import views

urlpatterns = [
    path("login/", views.LogIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("account/password/", views.OwnPassword.as_view(), name="own-password"),
    path("account/keep/", views.keep_history, name="keep-history"),
    path("account/tokens/", views.own_tokens, name="own-tokens"),
    path("account/tokens/<row:pk>/revoke/", views.revoke_own_token, name="revoke-token"),
    # The administration has doors of its own for these; one is enough.
    path("admin/login/", views.to_the_login),
    path("admin/password_change/", RedirectView.as_view(pattern_name="own-password")),
]
