import os

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"

    def ready(self) -> None:
        """Keep TensorFlow from talking about its build among the progress bars; errors still show."""
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
