"""How uploads look in the API."""

from rest_framework import serializers

from damage.ingestion.uploads.models import Upload
from damage.ingestion.uploads.partial_files import received_bytes
from damage.messages import listed


class UploadSerializer(serializers.ModelSerializer[Upload]):
    """A file on its way in, or what became of it; `reason` and `note` are worded for their reader."""

    offset_bytes = serializers.SerializerMethodField(help_text="how much of the file is here")
    reason = serializers.CharField(read_only=True)
    note = serializers.SerializerMethodField(help_text="what is odd about it, its scene's problems first")

    class Meta:
        model = Upload
        fields = [
            "id",
            "event_name",
            "town_name",
            "file_name",
            "size_bytes",
            "modified_ms",
            "offset_bytes",
            "state",
            "reason",
            "note",
            "scene",
            "created_at",
            "updated_at",
            "expires_at",
        ]

    def get_note(self, upload: Upload) -> str:
        problems = upload.scene.open_problems if upload.scene else []
        return str(listed(*(problem.words for problem in problems), *filter(None, [upload.note])))

    def get_offset_bytes(self, upload: Upload) -> int:
        return received_bytes(upload)
