from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from damage.accounts.models import User


@admin.register(User)
class PersonAdmin(UserAdmin):
    list_display = ("username", "role", "is_active", "last_login")
    list_filter = ("role", "is_active")
    fieldsets = (*(UserAdmin.fieldsets or ()), (None, {"fields": ("role",)}))
    add_fieldsets = (*(UserAdmin.add_fieldsets or ()), (None, {"fields": ("role",)}))
