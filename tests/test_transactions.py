"""Transactions only write: nothing is read, computed or asked of others between BEGIN and COMMIT.

`tests/transaction_guard.py` watches every test of the suite; here it is shown to catch what it should, and the code is
walked for what no test happens to run.
"""

import ast
import subprocess
from pathlib import Path

import PIL.Image
import pytest
import rasterio
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from damage.stored_files import new_files
from tests import transaction_guard
from tests.test_architecture import MODULES, ROOT
from training.networks.engines import KerasEngine


@pytest.mark.parametrize(
    "work",
    [
        lambda folder: (folder / "a.txt").write_text("x"),
        lambda folder: (folder / "a.txt").unlink(),
        lambda folder: default_storage.save("a.txt", ContentFile(b"x")),
        lambda folder: new_files().__enter__(),
        lambda folder: PIL.Image.open(folder / "a.png"),
        lambda folder: rasterio.open(folder / "a.tif"),
        lambda folder: subprocess.run(["true"], check=True),
        lambda folder: KerasEngine.scores(None, None),
    ],
)
def test_the_guard_catches(work, tmp_path, db):
    (tmp_path / "a.txt").touch()
    with transaction.atomic(), pytest.raises(transaction_guard.WorkInTransaction):
        work(tmp_path)
    assert transaction_guard._caught
    transaction_guard._caught.clear()
    (tmp_path / "b.txt").touch()  # outside, or by the test alone, all is allowed


# What takes long whoever calls it; `open` and the like, by the last part of their names.
HEAVY_CALLS = {
    "open", "read_bytes", "write_bytes", "read_text", "write_text", "unlink", "rmtree", "mkdir", "file_digest", "Popen",
    "check_output", "urlopen", "sleep", "scores", "outputs", "set_password", "make_password", "TemporaryDirectory",
    "NamedTemporaryFile", "fsync", "decode_image", "decode_heic", "imread",
}  # fmt: skip
HEAVY_OWNERS = {"subprocess", "shutil", "rasterio", "Image", "default_storage", "storage"}


def dotted(node):
    """The name that is called, such as "transaction.atomic"; empty where it is no plain name."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))


def called(node):
    return {dotted(each.func) for each in ast.walk(node) if isinstance(each, ast.Call)} - {""}


def is_heavy(name):
    *owners, last = name.split(".")
    return last in HEAVY_CALLS or bool(HEAVY_OWNERS & set(owners))


def is_atomic(node):
    return dotted(node.func if isinstance(node, ast.Call) else node).endswith("transaction.atomic")


class Module:
    """A module's functions, the names that it imports, and its transactions."""

    def __init__(self, path: Path) -> None:
        self.name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(path.read_text())
        self.functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        self.imports = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                self.imports |= {
                    alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names
                }
        self.transactions = [
            node for node in ast.walk(tree)
            if (isinstance(node, ast.With) and any(is_atomic(item.context_expr) for item in node.items))
            or (isinstance(node, ast.FunctionDef) and any(is_atomic(each) for each in node.decorator_list))
        ]  # fmt: skip

    def resolved(self, name):
        """The project's function that a called name stands for: `module.function`."""
        first, _, rest = name.partition(".")
        if first in self.functions and not rest:
            return f"{self.name}.{first}"
        return f"{self.imports[first]}.{rest}".rstrip(".") if first in self.imports else name


def heavy_functions(modules):
    """The project's functions that do heavy work themselves, or through others; by which call."""
    calls = {
        f"{module.name}.{name}": {module.resolved(each) for each in called(node)}
        for module in modules
        for name, node in module.functions.items()
    }
    heavy = {}
    while True:
        more = {
            function: next(name for name in sorted(names) if is_heavy(name) or name in heavy)
            for function, names in calls.items()
            if function not in heavy and any(is_heavy(name) or name in heavy for name in names)
        }
        if not more:
            return heavy
        heavy |= more


def long_transactions(modules):
    heavy = heavy_functions(modules)
    return [
        f"{module.name}:{node.lineno} {name} ({heavy.get(name, 'itself')})"
        for module in modules
        for node in module.transactions
        for statement in node.body
        for name in sorted({module.resolved(each) for each in called(statement)})
        if is_heavy(name) or name in heavy
    ]


def test_no_transaction_in_the_code_reads_files_or_asks_models():
    assert long_transactions([Module(path) for path in MODULES]) == []


def test_the_walk_finds_what_it_is_for(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.test_transactions.ROOT", tmp_path)
    (tmp_path / "low.py").write_text("def pixels(path):\n    return path.open()\n")
    (tmp_path / "high.py").write_text(
        "from low import pixels\nfrom django.db import transaction\n"
        "def seen(path):\n    return pixels(path)\n"
        "def store(path):\n    with transaction.atomic():\n        seen(path)\n"
        "@transaction.atomic\ndef save(path):\n    path.unlink()\n"
        "def fine(path):\n    found = seen(path)\n    with transaction.atomic():\n        found.save()\n"
    )
    modules = [Module(tmp_path / name) for name in ("low.py", "high.py")]
    assert sorted(long_transactions(modules)) == [
        "high:6 high.seen (low.pixels)",
        "high:9 path.unlink (itself)",
    ]
