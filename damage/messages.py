"""Texts that are kept as a template and its values, and worded in the language of whoever reads them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self


class Message:
    """A template in the code's language, and the values in it; `str` words it in the language of the moment.

    Import it as `_` and write `_("There is no scene %(name)s.") % {"name": name}`, as with `gettext`: the texts are
    collected for translation all the same. A value may be a message itself.
    """

    # From the code's language into the reader's. The site sets it (`damage.apps`); a process that only computes, as
    # a cluster's worker does, has no reader to ask for a language.
    translated: ClassVar[Callable[[str], str]] = staticmethod(str)

    def __init__(self, template: str, values: Mapping[str, Any] | None = None) -> None:
        self.template = template
        self.values = values

    def __mod__(self, values: Mapping[str, Any]) -> "Message":
        return Message(self.template, values)

    def __str__(self) -> str:
        text = type(self).translated(self.template) if self.template else ""
        return text if self.values is None else text % self.values

    def __repr__(self) -> str:
        return f"Message({self.template!r}, {self.values!r})"

    def __bool__(self) -> bool:
        return bool(self.template)

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, str | Message) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))

    def __contains__(self, text: str) -> bool:
        return text in str(self)

    def as_json(self) -> dict[str, Any]:
        """The message as plain data; what is neither number nor text nor message is kept as its words of now."""
        values = self.values and {name: _plain(value) for name, value in self.values.items()}
        return {"message": self.template, "values": values}

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> Self:
        """The message that `as_json` gave."""
        values = data["values"]
        return cls(data["message"], values and {name: _lively(value) for name, value in values.items()})


def message_of(kept: "str | Mapping[str, Any]") -> Message:
    """The message that plain data describes; words, as earlier versions kept them, stay as they are."""
    return Message(kept) if isinstance(kept, str) else Message.of_json(kept)


def worded(data: Any) -> Any:
    """Plain data with each message in it in words, for whoever reads it now."""
    if isinstance(data, Message):
        return str(data)
    if isinstance(data, Mapping):
        is_message = data.keys() == {"message", "values"}
        return (
            str(Message.of_json(data)) if is_message else {key: worded(value) for key, value in data.items()}
        )
    return [worded(value) for value in data] if isinstance(data, list | tuple) else data


def sentences(*parts: "str | Message") -> Message:
    """Several texts as one, a space between; empty ones are left out."""
    return _joined(" ", [part for part in parts if part])


def lines(*parts: "str | Message") -> Message:
    """Several texts as one, each on a line of its own."""
    return _joined("\n", parts)


def listed(*parts: "str | Message") -> Message:
    """Several texts as one, a semicolon between."""
    return _joined("; ", parts)


def _joined(between: str, parts: "Sequence[str | Message]") -> Message:
    kept = {f"part_{number}": part for number, part in enumerate(parts)}
    return Message(between.join(f"%({name})s" for name in kept), kept)


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        return value.as_json()
    return value if isinstance(value, int | float) else str(value)


def _lively(value: Any) -> Any:
    return Message.of_json(value) if isinstance(value, Mapping) else value
