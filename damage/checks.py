"""What every command warns of at its start."""

import os
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from damage.data_folder import is_open_to_others
from damage.environment import misspelt


def check_names(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Names in the environment that look like one of our settings are not read."""
    return [
        checks.Warning(
            f"{name} looks like {meant}, and is not read.", hint="Correct its name.", id="damage.W001"
        )
        for name, meant in misspelt(os.environ).items()
    ]


def check_data_folder(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Imagery and predictions are nobody else's business."""
    if not is_open_to_others(settings.DATA_DIR):
        return []
    return [
        checks.Warning(
            f"Other accounts of this machine can look into {settings.DATA_DIR}.",
            hint="Give DAMAGE_DATA a folder of its own.",
            id="damage.W002",
        )
    ]
