"""Reading PyTorch's legacy files without unpickling. The files are written here opcode by opcode."""

import struct

import numpy as np
import pytest

from training.networks.backbones.pth import MAGIC, BadWeights, read_tensors

STOP = b"."
KEYS = b"\x80\x02](X\x01\x00\x00\x00ke" + STOP


def text(word: str) -> bytes:
    return b"X" + struct.pack("<I", len(word)) + word.encode()


def number(value: int) -> bytes:
    return b"K" + bytes([value])


def sizes(*values: int) -> bytes:
    return b"(" + b"".join(number(value) for value in values) + b"t"


def named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def tensor(*, shape: bytes, strides: bytes, constructor: bytes | None = None, offset: int = 0) -> bytes:
    """The opcodes of one float tensor of the storage 'k', as `torch.save` writes them."""
    storage = b"(" + text("storage") + named("torch", "FloatStorage") + text("k") + text("cpu")
    storage += number(6) + b"N" + b"t" + b"Q"
    arguments = b"(" + storage + number(offset) + shape + strides + b"\x89"
    arguments += named("collections", "OrderedDict") + b")R" + b"t"
    return (constructor or named("torch._utils", "_rebuild_tensor_v2")) + arguments + b"R"


def legacy_file(tmp_path, body: bytes, *, storage: bytes | None = None):
    """A file whose dictionary holds {'w': body} and whose storage 'k' holds 0, 1, ... 5."""
    magic = b"\x80\x02\x8a\x0a" + MAGIC.to_bytes(10, "little") + STOP
    state = b"\x80\x02" + named("collections", "OrderedDict") + b")R" + text("w") + body + b"s" + STOP
    path = tmp_path / "weights.pth"
    numbers = struct.pack("<q6f", 6, *range(6)) if storage is None else storage
    path.write_bytes(magic + b"\x80\x02M\xe9\x03." + b"\x80\x02}." + state + KEYS + numbers)
    return path


def test_it_reads_a_tensor(tmp_path):
    path = legacy_file(tmp_path, tensor(shape=sizes(2, 3), strides=sizes(3, 1)))
    assert read_tensors(path)["w"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_it_follows_strides_and_offset(tmp_path):
    path = legacy_file(tmp_path, tensor(shape=sizes(2, 2), strides=sizes(1, 2), offset=1))
    assert read_tensors(path)["w"].tolist() == [[1, 3], [2, 4]]


def test_numbers_are_float32(tmp_path):
    path = legacy_file(tmp_path, tensor(shape=sizes(6), strides=sizes(1)))
    assert read_tensors(path)["w"].dtype == np.float32


def test_it_refuses_a_tensor_that_reaches_outside_its_storage(tmp_path):
    path = legacy_file(tmp_path, tensor(shape=sizes(2, 4), strides=sizes(4, 1)))
    with pytest.raises(BadWeights, match="outside"):
        read_tensors(path)


def test_it_refuses_every_other_name(tmp_path):
    call = tensor(shape=sizes(6), strides=sizes(1), constructor=named("os", "system"))
    with pytest.raises(BadWeights, match="os system"):
        read_tensors(legacy_file(tmp_path, call))


def test_it_refuses_to_call_an_allowed_name_otherwise(tmp_path):
    call = named("collections", "OrderedDict") + sizes(1) + b"R"
    with pytest.raises(BadWeights, match="calls something else"):
        read_tensors(legacy_file(tmp_path, call))


@pytest.mark.parametrize(
    "opcodes", [b"(ios\nsystem\n", text("os") + text("system") + b"\x93", b"(c\n\no", b"P1\n"]
)
def test_it_refuses_opcodes_that_build_other_things(tmp_path, opcodes):
    with pytest.raises(BadWeights):
        read_tensors(legacy_file(tmp_path, opcodes))


def test_it_refuses_a_truncated_storage(tmp_path):
    body = tensor(shape=sizes(6), strides=sizes(1))
    with pytest.raises(BadWeights, match="cut short"):
        read_tensors(legacy_file(tmp_path, body, storage=struct.pack("<q2f", 6, 0, 1)))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02K\x01.", b"not a weights file at all"])
def test_it_refuses_other_files(tmp_path, content):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(BadWeights):
        read_tensors(path)
