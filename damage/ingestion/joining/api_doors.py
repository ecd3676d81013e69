"""What the API's views of all apps share about events that are not their reader's."""

from typing import Any, cast

from rest_framework import serializers
from rest_framework.views import APIView

from damage.accounts.models import Role, User


def visible_to_reader(rows: Any, view: APIView) -> Any:
    """What of the rows a view's reader may see; all where the API's description is made, without anybody."""
    person = cast(User, view.request.user)
    return rows.visible_to(person) if person.is_authenticated else rows


class VisibleRowField(serializers.PrimaryKeyRelatedField[Any]):
    """A row of an event in which `person` (of the serializer's context) is `least` or more."""

    def __init__(self, *, least: Role = Role.VOLUNTEER, **options: Any) -> None:
        """Take what the field's base takes."""
        self.least = least
        super().__init__(**options)

    def get_queryset(self) -> Any:
        """What the person may name."""
        rows: Any = super().get_queryset()
        return rows.visible_to(self.context["person"], self.least)


def no_such_scene(number: int) -> serializers.ValidationError:
    """What a request is told that names a scene outside its sender's events: the same as of one that nobody has."""
    words = serializers.PrimaryKeyRelatedField.default_error_messages["does_not_exist"]
    return serializers.ValidationError({"scene": [words.format(pk_value=number)]}, code="does_not_exist")
