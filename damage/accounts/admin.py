from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from damage.accounts.models import ApiToken, LoginAttempt, Role, User
from damage.accounts.services import refuse_losing_last_admin, set_active, set_role
from damage.errors import Refused
from damage.read_only_admin import ReadOnlyAdmin

admin.site.unregister(Group)  # the role alone decides


class PersonForm(UserChangeForm):
    """What an admin changes of an account."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        stored = User.objects.get(pk=self.instance.pk)
        try:
            with transaction.atomic():
                refuse_losing_last_admin(
                    stored,
                    role=cleaned.get("role", stored.role),
                    is_active=cleaned.get("is_active", stored.is_active),
                )
        except Refused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return cleaned


@admin.register(User)
class PersonAdmin(UserAdmin[User]):
    form = PersonForm
    list_display = ("username", "role", "is_active", "last_login")
    list_filter = ("role", "is_active")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password", "role", "is_active")}),
        (_("Personal info"), {"fields": ("first_name", "last_name", "email")}),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (*(UserAdmin.add_fieldsets or ()), (None, {"fields": ("role",)}))

    def save_model(
        self, request: HttpRequest, obj: User, form: "forms.ModelForm[User]", change: bool
    ) -> None:
        """Role and activation go through the services, which log them and end log-ins and tokens."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        role, is_active = Role(obj.role), obj.is_active
        stored = User.objects.get(pk=obj.pk)
        obj.role, obj.is_active = stored.role, stored.is_active
        super().save_model(request, obj, form, change)
        by = request.user if isinstance(request.user, User) else None
        set_role(obj, role, by=by)
        set_active(obj, is_active, by=by)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Accounts are deactivated: their tags and decisions stay."""
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """To revoke (delete): only their owners make tokens, and nobody can read them."""

    list_display = ("name", "person", "created_at", "last_used_at", "expires_at")
    list_select_related = ("person",)
    search_fields = ("name", "person__username")
    fields = list_display

    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return True


@admin.register(LoginAttempt)
class LoginAttemptAdmin(ReadOnlyAdmin):
    list_display = ("at", "door", "outcome", "person", "address")
    list_select_related = ("person",)
    list_filter = ("outcome", "door", "at")
    search_fields = ("person__username", "address")
    fields = list_display


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    """What was done in the administration, and by whom."""

    list_display = ("action_time", "user", "content_type", "object_repr", "get_change_message")
    list_select_related = ("user", "content_type")
    list_filter = ("action_time", "action_flag")
    fields = list_display
