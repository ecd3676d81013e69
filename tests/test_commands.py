"""What all management commands share."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STOPPED = """
import os, signal, sys, time, django
os.environ["DJANGO_SETTINGS_MODULE"] = "damage.settings"
django.setup()
from damage.commands import JsonCommand

class Command(JsonCommand):
    def run(self, **options):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(30)
        finally:
            print("tidied up")

Command().run_from_argv(["manage.py", "stopped"])
"""


def test_a_command_that_is_asked_to_end_tidies_up_as_after_ctrl_c():
    result = subprocess.run(
        [sys.executable, "-c", STOPPED], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 130
    assert result.stdout == "tidied up\n"
    assert "nothing was left half-done" in result.stderr
