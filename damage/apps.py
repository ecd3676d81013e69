from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext

from damage import converters
from damage.checks import check_data_folder, check_names
from damage.messages import Message


class SiteConfig(AppConfig):
    name = "damage"
    label = "site"
    verbose_name = "Damage"

    def ready(self) -> None:
        Message.translated = staticmethod(gettext)
        register(check_names, "security")
        register(check_data_folder, "security")
        converters.register()
