"""What is refused is worded for its reader: no refusal is in the code's language alone."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(
    path
    for folder in ("damage", "tagging", "training", "prediction")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
)
REFUSALS = {"Refused", "Conflict", "NotNow", "TooMany"}


def classes() -> set[str]:
    """Every class that is a refusal, however far below `Refused`."""
    bases = {
        node.name: {ast.unparse(base).split(".")[-1] for base in node.bases}
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }
    found = set(REFUSALS)
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return found


NAMES = classes()


def english_only(source: str) -> list[str]:
    """The texts in a module that are handed to a refusal as they are, in whatever branch of an expression."""
    tree = ast.parse(source)
    texts = []
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] in NAMES:
            for given in call.args:
                branches = [given.body, given.orelse] if isinstance(given, ast.IfExp) else [given]
                texts += [
                    ast.unparse(text)
                    for text in branches
                    if isinstance(text, ast.JoinedStr | ast.Constant) and text != ""
                ]
    return texts


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_refusal_is_in_english_only(path):
    assert english_only(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    ["raise Refused('It is a folder.')", "Conflict(f'{x} is gone')", "NotNow(_('a') if x else 'b', _('c'))"],
)
def test_one_that_is_would_be_seen(source):
    assert len(english_only(source)) == 1


def test_classes_below_are_refusals_too():
    assert {"NoModel", "ClaimLost", "OutsideScene", "NamesOtherFiles"} <= NAMES
