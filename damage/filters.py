"""Filters that lists of several apps use."""

from django import forms
from django_filters import rest_framework as filters

from damage.parsing import LARGEST_INTEGER


class RowField(forms.IntegerField):
    """A row's number, within what a database's columns hold."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**{"min_value": 0, "max_value": LARGEST_INTEGER, **kwargs})  # type: ignore[arg-type]


class RowFilter(filters.NumberFilter):
    """Rows that belong to another row, by its number; an unknown one leaves nothing."""

    field_class = RowField

    def get_max_validator(self) -> None:
        return None
