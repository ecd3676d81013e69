"""Networks that are exported once and kept."""

import pytest

from training.networks.kept_networks import Export, keep_missing

FILES = {"model.xml": b"<net/>", "model.bin": b"0000"}

pytestmark = pytest.mark.usefixtures("exported_anew")


@pytest.fixture
def told():
    return []


def exports(made, *names):
    """Exports that note when they are made."""

    def make(name):
        made.append(name)
        return FILES

    return [Export(name, lambda name=name: make(name)) for name in names]


def test_what_is_missing_is_made_and_told_one_by_one(tmp_path, told):
    made = []
    features, template = exports(made, "features-x", "template-x")
    keep_missing([features, template], tmp_path, lambda: lambda *counts: told.append(counts))
    assert made == ["features-x", "template-x"]
    assert told == [(0, 2), (1, 2), (2, 2)]
    assert features.is_kept(tmp_path)
    assert features.files(tmp_path) == FILES
    assert made == ["features-x", "template-x"]


def test_what_is_kept_is_neither_made_nor_told(tmp_path, told):
    made = []
    kept, missing = exports(made, "features-x", "template-x")
    kept.files(tmp_path)
    made.clear()

    def begun():
        told.append("begun")
        return lambda *counts: told.append(counts)

    keep_missing([kept, missing], tmp_path, begun)
    assert (made, told) == (["template-x"], ["begun", (0, 1), (1, 1)])
    keep_missing([kept, missing], tmp_path, begun)
    assert (made, told) == (["template-x"], ["begun", (0, 1), (1, 1)])


def test_what_another_version_made_is_missing(tmp_path, monkeypatch):
    (export,) = exports([], "features-x")
    export.files(tmp_path)
    monkeypatch.setattr("training.networks.kept_networks._makers_digest", lambda: "later")
    assert not export.is_kept(tmp_path)
