"""JSON as the API answers it: messages are their words in the reader's language."""

from typing import Any

from rest_framework import renderers
from rest_framework.utils.encoders import JSONEncoder

from damage.messages import Message


class MessageEncoder(JSONEncoder):
    def default(self, obj: Any) -> Any:
        return str(obj) if isinstance(obj, Message) else super().default(obj)


class JSONRenderer(renderers.JSONRenderer):
    encoder_class = MessageEncoder
