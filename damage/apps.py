from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "damage"
    label = "site"
    verbose_name = "Damage"
