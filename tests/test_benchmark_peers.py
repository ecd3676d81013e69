"""What `benchmarks/mosaic.py --peers` says of other programs is right, and it says why when it can say nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import peers
from benchmarks.peer_geodeep import steady_speed
from benchmarks.peers import Share, compared, measure_peers, middle_share, peer_lines
from benchmarks.peers_environment import REQUIREMENTS, NotInstalled, peers_python
from benchmarks.workplace import cpu_s

ROOT = Path(__file__).resolve().parent.parent
OURS = ("benchmarks", "damage", "tagging", "training", "prediction", "tests")
MEASURED = {
    "how": "version 1",
    "seconds": 45.0,
    "mpx_per_s": 0.5,
    "cpu_ms_per_mpx": 3900.0,
    "cores_busy_elsewhere": 0.1,
}
RUN = {"valid_mpx_per_s": 12.0, "cpu_ms_per_mpx": 150.0}


def test_they_are_measured_in_the_middle_of_a_mosaic_not_too_wide():
    assert middle_share(42_375, 28_831) == Share(11_187, 2_883, 20_000, 23_064)
    assert middle_share(1_000, 500) == Share(100, 50, 800, 400)


def test_a_part_of_a_share_is_its_upper_one_of_so_many_pixels():
    share = Share(10, 20, 1_000, 500)
    assert share.upper(0.2, least_px=100) == Share(10, 20, 1_000, 200)
    assert share.upper(0.01, least_px=100) == Share(10, 20, 1_000, 100)
    assert share.upper(9.0, least_px=100) == share


def test_a_ratio_says_how_many_times_as_fast_we_are():
    figures = compared({"slow": MEASURED, "absent": {"skipped": "no room"}}, RUN)
    assert figures["slow"] == MEASURED | {"ours_times": 24.0, "times_our_cpu": 26.0}
    assert figures["absent"] == {"skipped": "no room"}
    slow, absent = peer_lines(figures)
    assert slow.startswith("slow (version 1): 0.5 Mpx/s")
    assert "ours is 24.0 times as fast" in slow
    assert "3900.0 ms of processor time per Mpx, 26.0 times ours" in slow
    assert absent == "absent: not measured, no room"


def test_what_a_program_needs_to_start_does_not_count():
    """Two megapixels a second on one core, after three seconds of starting."""
    runs = []

    def run(part):
        runs.append(part)
        return 3 + part.mpx / 2, 1 + part.mpx / 2

    figures = steady_speed(run, Share(0, 0, 12_000, 8_192), tile_px=640, seconds=30)
    assert figures["mpx_per_s"] == pytest.approx(2.0)
    assert figures["cpu_ms_per_mpx"] == pytest.approx(500)
    assert runs[0] == Share(0, 0, 640, 640)
    # 30 s at 2 Mpx/s; the guess that came before knows the start but for one tile.
    assert runs[-1].mpx == pytest.approx(60, rel=0.1)
    assert figures["ground_mpx"] == pytest.approx(runs[-1].mpx - 0.4096, abs=0.05)


def test_without_their_packages_every_peer_is_skipped_with_the_reason(monkeypatch):
    def not_installed():
        raise NotInstalled("No matching distribution found for torch==2.14.1")

    monkeypatch.setattr(peers, "peers_python", not_installed)
    measured = measure_peers(Path("none.tif"), size_px=(9, 9), gsd_m=0.07, backbone="efficientnet-lite0")
    assert list(measured) == ["torchgeo", "pytorch", "geodeep", "geodeep-halved"]
    for line in peer_lines(compared(measured, RUN)):
        assert "not measured" in line
        assert "No matching distribution found for torch==2.14.1" in line


def test_one_that_fails_leaves_the_others(monkeypatch):
    def measured(module, **options):
        if module == "peer_geodeep_model" or options.get("reader") == "torchgeo":
            raise subprocess.CalledProcessError(3, module)
        return MEASURED

    monkeypatch.setattr(peers, "peers_python", lambda: Path("python"))
    monkeypatch.setattr(peers, "measured_in_child", measured)
    found = measure_peers(Path("m.tif"), size_px=(9_000, 9_000), gsd_m=0.07, backbone="efficientnet-lite0")
    assert found["pytorch"] == MEASURED
    assert "peer_pytorch ended with 3" in found["torchgeo"]["skipped"]
    for name in ("geodeep", "geodeep-halved"):
        assert "peer_geodeep_model ended with 3" in found[name]["skipped"]


def test_geodeep_is_told_a_resolution_at_which_it_shrinks_as_it_should(monkeypatch):
    """It shrinks by the whole number of its pixels that one of the network's holds, rounded down."""
    told = []

    def measured(module, **options):
        if module == "peer_geodeep":
            told.append((options["resolution_cm"] // 7.0, options["tile_px"]))
        return MEASURED

    monkeypatch.setattr(peers, "peers_python", lambda: Path("python"))
    monkeypatch.setattr(peers, "measured_in_child", measured)
    measure_peers(Path("m.tif"), size_px=(9_000, 9_000), gsd_m=0.07, backbone="efficientnet-lite0")
    assert told == [(1, 640), (2, 1280)]


def test_the_environment_holds_what_is_listed_and_nothing_of_ours(tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text("# nothing\n")
    python = peers_python(tmp_path / "env", listed)
    assert subprocess.run([python, "-c", "import json"]).returncode == 0
    assert subprocess.run([python, "-c", "import rasterio"], stderr=subprocess.DEVNULL).returncode == 1
    (tmp_path / "env" / "kept").touch()
    assert peers_python(tmp_path / "env", listed) == python
    assert (tmp_path / "env" / "kept").exists()
    listed.write_text("# another nothing\n")
    assert peers_python(tmp_path / "env", listed) == python
    assert not (tmp_path / "env" / "kept").exists()


def test_what_cannot_be_installed_is_told_and_tried_again(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    listed = tmp_path / "list.txt"
    listed.write_text("damage-of-no-such-package==1\n")
    for _ in range(2):
        with pytest.raises(NotInstalled, match="damage-of-no-such-package"):
            peers_python(tmp_path / "env", listed)


def test_every_package_of_the_peers_is_pinned_and_none_is_ours():
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if not line.startswith("#")]
    assert {"torch", "torchgeo", "timm", "geodeep"} <= {line.split("==")[0] for line in lines}
    assert all(len(line.split("==")) == 2 for line in lines)
    ours = (ROOT / "requirements.txt").read_text() + (ROOT / "requirements-dev.txt").read_text()
    for name in ("torch", "torchgeo", "timm", "geodeep"):
        assert f"\n{name}==" not in f"\n{ours}"


@pytest.mark.parametrize("folder", OURS)
def test_geodeep_is_never_imported(folder):
    """Its licence, the AGPL, is not ours: it is run as a program."""
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert "geodeep" not in {name.split(".")[0] for name in names}, path


def test_processor_time_of_a_child_that_ended_counts():
    before = cpu_s()
    code = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert cpu_s() - before >= 0.28  # the kernel counts in hundredths
