"""Statements that are made once: for what the site does for every answer that somebody gives.

A query set makes its SQL anew each time it is asked, which takes several times as long as the database does. What is
here reads and writes as Django's own `get` and `save` do, for single rows of plain models, or as its `bulk_create` and
`bulk_update` do for many.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Generic, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import atomic

M = TypeVar("M", bound=models.Model)


class Lookup(Generic[M]):
    """One row of a model by the values of some fields; columns that are not read are deferred, as by `defer`."""

    def __init__(self, model: type[M], *by: str, without: tuple[str, ...] = ()) -> None:
        self.model = model
        self._by = by
        self._without = without

    def get(self, **values: Any) -> M:
        """The row; raises the model's `DoesNotExist`, and TypeError or ValueError for what no such field holds."""
        if (row := self.find(**values)) is None:
            raise self.model.DoesNotExist  # type: ignore[attr-defined]
        return row

    def find(self, **values: Any) -> M | None:
        """The row, or None where there is none."""
        connection = _connection()
        given = []
        for name, field, least, most in self._fields:
            value = field.get_prep_value(values[name])
            if least is not None and not least <= value <= most:
                return None  # no row has a number that the database cannot hold
            given.append(field.get_db_prep_value(value, connection))
        with connection.cursor() as cursor:
            cursor.execute(self._sql, given)
            row = cursor.fetchone()
        if row is None:
            return None
        read = list(row)
        for place, column, converters in self._converters:
            for convert in converters:
                read[place] = convert(read[place], column, connection)
        return self.model.from_db(connection.alias, [field.attname for field in self._read], read)

    @cached_property
    def _fields(self) -> list[tuple[str, Any, int | None, int | None]]:
        """Each name with its field, and the least and the greatest number that its column holds."""
        meta: Any = self.model._meta
        named = [(name, meta.pk if name == "pk" else meta.get_field(name)) for name in self._by]
        return [(name, field, *_range(field)) for name, field in named]

    @cached_property
    def _read(self) -> list[Any]:
        return [field for field in self.model._meta.concrete_fields if field.name not in self._without]

    @cached_property
    def _converters(self) -> list[tuple[int, Any, list[Any]]]:
        """What makes Python's values of the database's, as Django's own compiler finds it: by place in the row."""
        connection = _connection()
        columns = [field.get_col(self.model._meta.db_table) for field in self._read]
        found = [
            [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
            for column in columns
        ]
        return [
            (place, column, converters)
            for place, (column, converters) in enumerate(zip(columns, found, strict=True))
            if converters
        ]

    @cached_property
    def _sql(self) -> str:
        columns = ", ".join(_quoted(field.column) for field in self._read)
        conditions = " AND ".join(f"{_quoted(field.column)} = %s" for _, field, _, _ in self._fields)
        table = _quoted(self.model._meta.db_table)
        return f"SELECT {columns} FROM {table} WHERE {conditions} LIMIT 1"  # noqa: S608 - names of the models' own


def nth_latest(
    model: type[models.Model], time: str, n: int, *, after: datetime, **equal: Any
) -> datetime | None:
    """The `n`th latest time, from one, among rows after a time that have the given values; None if they are fewer."""
    connection = _connection()
    sql, field, others = _nth_latest(model, time, tuple(equal))
    given = [
        other.get_db_prep_value(value, connection)
        for other, value in zip(others, equal.values(), strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*given, field.get_db_prep_value(after, connection), n - 1])
        row = cursor.fetchone()
    if row is None:
        return None
    found: Any = row[0]
    for convert in connection.ops.get_db_converters(field.get_col(model._meta.db_table)):
        found = convert(found, field, connection)
    return cast(datetime, found)


@lru_cache
def _nth_latest(model: type[models.Model], time: str, equal: tuple[str, ...]) -> tuple[str, Any, list[Any]]:
    meta: Any = model._meta
    field, others = meta.get_field(time), [meta.get_field(name) for name in equal]
    conditions = " AND ".join(
        [*(f"{_quoted(other.column)} = %s" for other in others), f"{_quoted(field.column)} > %s"]
    )
    column, table = _quoted(field.column), _quoted(meta.db_table)
    sql = f"SELECT {column} FROM {table} WHERE {conditions} ORDER BY {column} DESC LIMIT 1 OFFSET %s"  # noqa: S608
    return sql, field, others


def insert(row: models.Model) -> None:
    """Store a new row, which has its key afterwards: `save(force_insert=True)` for models without parents."""
    connection = _connection()
    sql, fields, key = _insertion(type(row))
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} RETURNING {key}", _stored(row, fields))
        (row.pk,) = cursor.fetchone()
    row._state.adding, row._state.db = False, connection.alias


def insert_all(rows: Sequence[models.Model]) -> None:
    """Store new rows of one model, all or none: `bulk_create`, which makes its SQL row by row; they get no keys."""
    if not rows:
        return
    sql, fields, _key = _insertion(type(rows[0]))
    given = [_stored(row, fields) for row in rows]
    with atomic(), _connection().cursor() as cursor:
        cursor.executemany(sql, given)


@lru_cache
def _insertion(model: type[models.Model]) -> tuple[str, list[Any], str]:
    meta: Any = model._meta
    fields = [field for field in meta.local_concrete_fields if not field.primary_key]
    columns = ", ".join(_quoted(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    sql = f"INSERT INTO {_quoted(meta.db_table)} ({columns}) VALUES ({marks})"  # noqa: S608
    return sql, fields, _quoted(meta.pk.column)


def _stored(row: models.Model, fields: Iterable[Any]) -> list[Any]:
    """The values of a new row as the database takes them."""
    connection = _connection()
    return [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]


def update(model: type[models.Model], name: str, values: Iterable[tuple[Any, Any]]) -> None:
    """Give rows, by their keys, another value of a field each: `bulk_update`, whose statement grows with its rows.

    All of them change, or none.
    """
    connection = _connection()
    meta: Any = model._meta
    field = meta.get_field(name)
    table, column, key = (_quoted(each) for each in (meta.db_table, field.column, meta.pk.column))
    given = [(field.get_db_prep_save(value, connection), pk) for pk, value in values]
    with atomic(), connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {column} = %s WHERE {key} = %s", given)  # noqa: S608


def update_where_unchanged(
    rows: Sequence[models.Model], names: Sequence[str], token: str, tokens: Sequence[Any]
) -> None:
    """Store some fields of rows of one model, of each only if its field `token` still holds what was read of it.

    So a row that somebody else has written meanwhile keeps what they wrote.
    """
    if not rows:
        return
    connection = _connection()
    meta: Any = type(rows[0])._meta
    fields, seen = [meta.get_field(name) for name in names], meta.get_field(token)
    sets = ", ".join(f"{_quoted(field.column)} = %s" for field in fields)
    table, key, column = (_quoted(each) for each in (meta.db_table, meta.pk.column, seen.column))
    sql = f"UPDATE {table} SET {sets} WHERE {key} = %s AND {column} = %s"  # noqa: S608 - names of the models' own
    given = [
        [
            *(field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields),
            row.pk,
            seen.get_db_prep_value(value, connection),
        ]
        for row, value in zip(rows, tokens, strict=True)
    ]
    with atomic(), connection.cursor() as cursor:
        cursor.executemany(sql, given)


def _range(field: Any) -> tuple[int | None, int | None]:
    """The least and the greatest whole number that a field's column holds; None where it holds others than numbers."""
    stored = field.target_field if field.is_relation else field
    if not isinstance(stored, models.IntegerField):
        return None, None
    return _connection().ops.integer_field_range(stored.get_internal_type())


def _quoted(name: str) -> str:
    return _connection().ops.quote_name(name)


def _connection() -> BaseDatabaseWrapper:
    """This thread's; looked up once for a statement, as `django.db.connection` looks for it at each use."""
    return connections[DEFAULT_DB_ALIAS]
