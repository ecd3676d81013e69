"""What the web process may load of this: nothing that is slow."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_no_module_loads_cleanlab_pandas_or_scipy_before_it_is_used():
    modules = sorted(path.stem for path in (ROOT / "tagging" / "quality").glob("[a-z]*.py"))
    assert "consensus" in modules
    code = f"import sys, {', '.join(f'tagging.quality.{name}' for name in modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert "numpy" in loaded
    assert {"cleanlab", "pandas", "scipy", "sklearn", "django"} & loaded == set()
