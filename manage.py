#!/usr/bin/env python
"""Run Damage's management commands."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import Error


def main() -> None:
    """Run the command that was asked for; trouble with the database is told in a line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "damage.settings")
    try:
        execute_from_command_line(sys.argv)
    except Error as error:
        from damage.database_trouble import words_of  # needs the settings, and says why they are bad

        words = "" if "--traceback" in sys.argv else words_of(error)
        if not words:
            raise
        sys.exit(words)


if __name__ == "__main__":
    main()
