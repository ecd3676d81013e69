from django.apps import AppConfig
from django.core.checks import register


class AccountsConfig(AppConfig):
    name = "damage.accounts"

    def ready(self) -> None:
        from damage.accounts.checks import check_proxies

        register(check_proxies)
