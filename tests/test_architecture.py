"""The walls of the house plan."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

ROOT = Path(__file__).resolve().parent.parent
# Each may import itself and those before it.
ORDER = ("damage.ingestion", "tagging", "training", "prediction")
MODULES = sorted(
    path
    for folder in ("damage", "tagging", "training", "prediction")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
)


def imported_names(path: Path) -> set[str]:
    """Every module that the file imports, in functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def app_of(module: str) -> str | None:
    return next((app for app in ORDER if module == app or module.startswith(app + ".")), None)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_apps_import_one_way(path):
    app = app_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    if app is None:
        return
    allowed = set(ORDER[: ORDER.index(app) + 1])
    assert {app_of(name) for name in imported_names(path)} - {None} <= allowed


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@cache
def imported_modules(path: Path, *, when_needed: bool) -> set[str]:
    """Which of our modules, and what of others, the file imports; `when_needed` counts imports in functions too."""
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    names: set[str] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.FunctionDef) and not when_needed:
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            within = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            names.update(full if full in BY_NAME else node.module for full in within.values())
        waiting.extend(ast.iter_child_nodes(node))
    return names


BY_NAME = {module_of(path).removesuffix(".__init__"): path for path in MODULES}


def reached(module: str, *, when_needed: bool) -> set[str]:
    """All that importing a module of ours imports, through others of ours."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        for name in imported_modules(BY_NAME[waiting.pop()], when_needed=when_needed) - found:
            found.add(name)
            waiting += [name] if name in BY_NAME else []
    return found


def test_no_module_imports_itself_through_others():
    """Nor in functions: a circle that is hidden there is one all the same."""
    assert {module for module in BY_NAME if module in reached(module, when_needed=True)} == set()


def is_pure(path: Path) -> bool:
    return "pure" in re.findall(r"\w+", (ast.get_docstring(ast.parse(path.read_text())) or "").lower())


@pytest.mark.parametrize("path", [path for path in MODULES if is_pure(path)], ids=module_of)
def test_what_calls_itself_pure_imports_no_django(path):
    others = {name.split(".")[0] for name in reached(module_of(path), when_needed=False)}
    assert "django" not in others


NETWORKS = [path for path in MODULES if module_of(path).startswith("training.networks.")]
# What networks may use besides each other: how they refuse, tell progress and split scores. No rows, no settings.
NETWORKS_USE = {"damage.errors", "damage.messages", "damage.work.progress", "training.data.adaptation"}


@pytest.mark.parametrize("path", NETWORKS, ids=module_of)
def test_networks_know_no_rows(path):
    ours = {
        name
        for name in imported_names(path)
        if name.split(".")[0] in ("damage", "tagging", "training", "django")
    }
    assert {name for name in ours if not name.startswith("training.networks")} <= NETWORKS_USE


@pytest.mark.parametrize(
    "path", [path for path in MODULES if module_of(path).startswith("damage.work.")], ids=module_of
)
def test_work_knows_nobody_who_works(path):
    assert {app_of(name) for name in imported_names(path)} <= {None}


OPENERS = {"rasterio.open", "Image.open", "Reader"}


def opening_calls(path: Path) -> set[str]:
    """Where the file opens an image by itself; to write one ("w"), or to hand rio-tiler an open one, is no harm."""
    return {
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) in OPENERS
        and not (len(call.args) > 1 and ast.unparse(call.args[1]) == "'w'")
        and not any(keyword.arg == "dataset" for keyword in call.keywords)
    }


def test_one_module_opens_images():
    """Any other would follow what a raster names to other files, see `damage.ingestion.opening`."""
    door = ROOT / "damage" / "ingestion" / "opening.py"
    assert opening_calls(door)
    assert {call for path in MODULES if path != door for call in opening_calls(path)} == set()


def test_tensorflow_is_loaded_in_one_place_which_keeps_its_start_up_lines_from_the_terminal():
    door = "training.networks.quiet_tensorflow"
    direct = {
        module_of(path) for path in MODULES if imported_names(path) & {"tensorflow", "keras", "keras.layers"}
    }
    assert direct == {door}


def test_the_web_process_never_imports_tensorflow_and_is_there_before_what_is_slow_to_import():
    slow = {"tensorflow", "keras", "openvino", "scipy", "sklearn", "cleanlab", "pandas"}
    code = (
        "import sys; from damage.wsgi import application; from django.urls import get_resolver; "
        "get_resolver().url_patterns; print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert "rest_framework" in loaded.stdout
    assert slow & set(loaded.stdout.split()) == set()


def test_a_training_that_builds_no_network_loads_nothing_that_is_slow_to_import(tmp_path):
    code = (
        "import sys, django, os; os.environ['DJANGO_SETTINGS_MODULE'] = 'damage.settings'; django.setup(); "
        "import training.executor, training.networks.export_template, training.networks.heads.fitted; "
        "from training.report.tensorboard import write_log; from pathlib import Path; "
        "write_log(Path(sys.argv[1]), name='a', metrics={'test': {'auc': 0.5}}, chosen={'seed': 0}); "
        "print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code, tmp_path], cwd=ROOT, check=True, capture_output=True, text=True
    )
    slow = {"tensorflow", "keras", "sklearn", "scipy", "rio_tiler", "drf_spectacular.views"}
    assert slow & set(loaded.stdout.split()) == set()


def test_nobody_is_told_that_openvino_is_used():
    code = (
        "import sys, damage, openvino; from openvino.tools.ovc import telemetry_utils; "
        "sys.exit(telemetry_utils.tm.__name__ != 'openvino.tools.ovc.telemetry_stub')"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def api_views() -> dict[str, type[APIView]]:
    """The API's views by address, without those that REST framework's router makes itself."""

    def walk(patterns, prefix=""):
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern):
                view = getattr(pattern.callback, "cls", None)
                if view is not None and issubclass(view, APIView):
                    yield route, view

    return {
        route: view for route, view in walk(get_resolver().url_patterns) if "APIRootView" not in view.__name__
    }


def test_every_api_view_says_who_may_call_it():
    silent = {
        view.__name__
        for view in api_views().values()
        if view.__module__.split(".")[0] in {"damage", "tagging", "training", "prediction"}
        and "permission_classes" not in vars(view)
        and "get_permissions" not in vars(view)
    }
    assert silent == set()


def top_level_names(path: Path) -> set[str]:
    """What a module defines or imports; also within `if` and `try`."""
    names: set[str] = set()
    waiting: list[ast.AST] = list(ast.parse(path.read_text()).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        waiting.extend(ast.iter_child_nodes(node))
    return names


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.name)
def test_what_a_benchmark_imports_is_there(path):
    """Benchmarks import much within functions, and no test calls most of those."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        place = ROOT.joinpath(*node.module.split("."))
        module = place.with_suffix(".py")
        if not place.is_dir() and not module.exists():
            assert node.module.split(".")[0] not in (
                "benchmarks",
                "damage",
                "tagging",
                "training",
                "prediction",
            )
            continue
        defined = top_level_names(module if module.exists() else place / "__init__.py")
        inside = {each.stem for each in place.glob("*")} if place.is_dir() else set()
        assert {alias.name for alias in node.names} <= defined | inside
