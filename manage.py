#!/usr/bin/env python
"""Run Damage's management commands."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import Error


def main() -> None:
    """Run the command that was asked for; trouble with database or disk is told in a line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "damage.settings")
    try:
        execute_from_command_line(sys.argv)
    except (Error, OSError) as error:
        from damage.disk import trouble_of  # needs the settings, which may be what is wrong with other errors

        trouble = None if "--traceback" in sys.argv else trouble_of(error)
        if trouble is None:
            raise
        sys.exit(str(trouble))


if __name__ == "__main__":
    main()
