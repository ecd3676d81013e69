from django.apps import AppConfig
from django.conf import settings
from PIL import Image


class IngestionConfig(AppConfig):
    name = "damage.ingestion"

    def ready(self) -> None:
        """Let Pillow's guard against decompression bombs follow the site's own limit."""
        Image.MAX_IMAGE_PIXELS = settings.ENVIRONMENT.max_photo_mpx * 1_000_000
