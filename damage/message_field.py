"""A column of messages. Apart from these, which processes without a database word and carry too."""

import json
from typing import TYPE_CHECKING, Any

from django.db import models

from damage.messages import Message

_MARK = '{"message": '  # how a kept message begins; a row from before there were any holds plain words

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable

    _TextField = models.TextField[str | Message | Combinable, Message]
else:
    _TextField = models.TextField


class MessageField(_TextField):
    """A column of messages; plain words, as rows from earlier versions hold them, stay as they are."""

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "damage.message_field.MessageField", args, kwargs

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Message | None:
        return None if value is None else _read(value)

    def to_python(self, value: Any) -> Message | None:
        return value if value is None or isinstance(value, Message) else _read(str(value))

    def get_prep_value(self, value: Any) -> str | None:
        if isinstance(value, Message):
            return json.dumps(value.as_json()) if value else ""
        plain = None if value is None else str(value)
        # Words from elsewhere that look like a kept message are words all the same.
        return json.dumps(Message(plain).as_json()) if plain and plain.startswith(_MARK) else plain

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj)) or ""


def _read(text: str) -> Message:
    return Message.of_json(json.loads(text)) if text.startswith(_MARK) else Message(text)
