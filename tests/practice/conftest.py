"""A small practice event, drawn coarsely once for all tests that only look."""

from pathlib import Path

import pytest

from damage.practice.events import PracticeEvent, write_practice_event


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("practice") / "event"


@pytest.fixture(scope="session")
def small_event(small_folder, small_size) -> PracticeEvent:
    return write_practice_event(small_folder, seed=3, **small_size)


@pytest.fixture(scope="session")
def small_size() -> dict:
    return {"towns": 2, "size_m": 110.0, "gsd_m": 0.2, "photo_px": (400, 300), "photos": 3}


@pytest.fixture(scope="session")
def small_demo_folder(tmp_path_factory) -> Path:
    """Three towns, as the demo has them."""
    folder = tmp_path_factory.mktemp("demo") / "event"
    write_practice_event(folder, seed=1, size_m=110.0, gsd_m=0.2, photo_px=(400, 300), photos=2)
    return folder
