"""Read tensors from PyTorch's legacy `.pth` layout without PyTorch and without unpickling.

The file is a magic number, a protocol number, system information, a dictionary of tensors, the list of
storage keys (five pickles), then each storage: its length as int64 and its raw little-endian numbers.
The pickles are interpreted opcode by opcode; no name in them is ever imported or called.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from damage.errors import DamageError

MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES = {"torch FloatStorage": "<f4", "torch LongStorage": "<i8"}
_REBUILD, _ORDERED_DICT = "torch._utils _rebuild_tensor_v2", "collections OrderedDict"


class BadWeights(DamageError):
    """A weights file that is not what it should be."""


@dataclass(frozen=True)
class _Name:
    """A global that the file mentions: a mere word, never resolved."""

    text: str


@dataclass(frozen=True)
class _Tensor:
    key: str
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


_MARK = object()


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a state dictionary by name; raises `BadWeights` for anything unexpected."""
    with path.open("rb") as file:
        magic, _protocol, _system, tensors, keys = (_interpreted(file) for _ in range(5))
        if magic != MAGIC or not isinstance(tensors, dict) or not isinstance(keys, list):
            raise BadWeights(f"{path.name} is not in PyTorch's legacy layout.")
        dtypes = {tensor.key: tensor.dtype for tensor in tensors.values()}
        storages = {key: _read_storage(file, dtypes[key]) for key in keys}
    return {name: _array(storages[tensor.key], tensor) for name, tensor in tensors.items()}


def _read_storage(file: BinaryIO, dtype: str) -> np.ndarray:
    count = int.from_bytes(file.read(8), "little")
    storage = np.frombuffer(file.read(count * np.dtype(dtype).itemsize), dtype)
    if len(storage) != count:
        raise BadWeights("The weights file is cut short.")
    return storage


def _array(storage: np.ndarray, tensor: _Tensor) -> np.ndarray:
    """Return the tensor as a view of its storage; NumPy itself checks that it lies wholly inside."""
    width = storage.itemsize
    strides = tuple(stride * width for stride in tensor.strides)
    try:
        return np.ndarray(tensor.shape, storage.dtype, storage.data, tensor.offset * width, strides)
    except (ValueError, TypeError) as error:
        raise BadWeights("The weights file holds a tensor that reaches outside its storage.") from error


def _interpreted(file: BinaryIO) -> Any:
    """Return what the next pickle in `file` describes, made of plain values and `_Tensor`s."""
    stack: list[Any] = []
    memo: dict[Any, Any] = {}
    try:
        for opcode, argument, _position in pickletools.genops(file):
            if opcode.name == "STOP":
                break
            if opcode.name in ("BINPUT", "LONG_BINPUT"):
                memo[argument] = stack[-1]
            elif opcode.name in ("BINGET", "LONG_BINGET"):
                stack.append(memo[argument])
            elif opcode.name in _VALUES:
                stack.append(_VALUES[opcode.name](argument))
            elif opcode.name in _ACTIONS:
                _ACTIONS[opcode.name](stack)
            elif opcode.name != "PROTO":
                raise BadWeights(f"The weights file uses the opcode {opcode.name}, which is not allowed.")
        (result,) = stack
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise BadWeights("The weights file is not in PyTorch's legacy layout.") from error
    return result


def _since_mark(stack: list[Any]) -> list[Any]:
    """Cut off and return what lies above the topmost mark, and drop the mark."""
    start = max(index for index, value in enumerate(stack) if value is _MARK)
    values = stack[start + 1 :]
    del stack[start:]
    return values


def _tuple_of(count: int) -> Callable[[list[Any]], None]:
    def build(stack: list[Any]) -> None:
        values = tuple(stack[len(stack) - count :])
        del stack[len(stack) - count :]
        stack.append(values)

    return build


def _tuple(stack: list[Any]) -> None:
    stack.append(tuple(_since_mark(stack)))


def _set_item(stack: list[Any]) -> None:
    value, key = stack.pop(), stack.pop()
    stack[-1][key] = value


def _set_items(stack: list[Any]) -> None:
    values = _since_mark(stack)
    stack[-1].update(zip(values[::2], values[1::2], strict=True))


def _append_items(stack: list[Any]) -> None:
    values = _since_mark(stack)
    stack[-1].extend(values)


def _storage_record(stack: list[Any]) -> None:
    """('storage', type, key, place, count, view) -> (key, dtype)."""
    _word, kind, key, _place, _count, _view = stack.pop()
    stack.append((key, _DTYPES[kind.text]))


def _reduce(stack: list[Any]) -> None:
    """Stand in for the two calls that a state dictionary holds; refuse every other."""
    arguments, name = stack.pop(), stack.pop()
    if name == _Name(_ORDERED_DICT) and arguments == ():
        stack.append({})
    elif name == _Name(_REBUILD):
        (key, dtype), offset, shape, strides, *_hooks = arguments
        stack.append(_Tensor(key, dtype, offset, shape, strides))
    else:
        raise BadWeights("The weights file calls something else than PyTorch's tensor constructor.")


def _drop_state(stack: list[Any]) -> None:
    """PyTorch sets version notes as an attribute of the dictionary; nothing here needs them."""
    stack.pop()


def _known_name(text: str) -> _Name:
    if text not in (*_DTYPES, _REBUILD, _ORDERED_DICT):
        raise BadWeights(f"The weights file names {text!r}, which is not allowed.")
    return _Name(text)


def _as_it_is(argument: Any) -> Any:
    return argument


_VALUES: dict[str, Callable[[Any], Any]] = {
    "GLOBAL": _known_name,
    "BINUNICODE": _as_it_is,
    "BININT": _as_it_is,
    "BININT1": _as_it_is,
    "BININT2": _as_it_is,
    "LONG1": _as_it_is,
    "MARK": lambda _: _MARK,
    "NONE": lambda _: None,
    "NEWTRUE": lambda _: True,
    "NEWFALSE": lambda _: False,
    "EMPTY_TUPLE": lambda _: (),
    "EMPTY_DICT": lambda _: {},
    "EMPTY_LIST": lambda _: [],
}
_ACTIONS: dict[str, Callable[[list[Any]], None]] = {
    "TUPLE": _tuple,
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    "APPENDS": _append_items,
    "BINPERSID": _storage_record,
    "REDUCE": _reduce,
    "BUILD": _drop_state,
}
