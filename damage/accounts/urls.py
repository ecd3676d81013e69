"""Addresses of the log-in and of one's own account."""

from django.contrib.auth.views import LogoutView
from django.urls import path
from django.views.generic import RedirectView

from damage.accounts import passkeys, views

urlpatterns = [
    path("login/", views.LogIn.as_view(), name="login"),
    path("login/passkey/", passkeys.LogInWithPasskey.as_view(), name="passkey-login"),
    # Where django-allauth leads people.
    path("login/", RedirectView.as_view(pattern_name="login"), name="account_login"),
    path("login/", RedirectView.as_view(pattern_name="login"), name="account_inactive"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("account/password/", views.OwnPassword.as_view(), name="own-password"),
    path("account/keep/", views.keep_history, name="keep-history"),
    path("account/passkeys/", passkeys.own_passkeys, name="own-passkeys"),
    path("account/passkeys/<row:pk>/revoke/", passkeys.revoke_own_passkey, name="revoke-passkey"),
    path("account/tokens/", views.own_tokens, name="own-tokens"),
    path("account/tokens/<row:pk>/revoke/", views.revoke_own_token, name="revoke-token"),
    # The administration has doors of its own for these; one is enough.
    path("admin/login/", views.to_the_login),
    path("admin/password_change/", RedirectView.as_view(pattern_name="own-password")),
]
