"""What follows from a model's kind."""

import pytest

from damage.errors import Refused
from training.networks.backbones.registry import find_backbone
from training.networks.classical import CLASSICAL as CLASSICAL_FEATURES
from training.networks.engines import packed, packed_with_head
from training.networks.kinds import (
    CLASSICAL,
    DENSE,
    TWO_PART,
    WINDOWED,
    kind_of_content,
    kind_of_record,
    kind_to_train,
)

KINDS = (DENSE, WINDOWED, TWO_PART, CLASSICAL)
LITE = find_backbone("efficientnet-lite0")
LARGE = find_backbone("efficientnet-v2-b0")
FILES = {"openvino_xml": b"<net/>", "openvino_bin": b"weights", "skops": b"a head"}


@pytest.mark.parametrize(
    ("features", "head_is_layer", "kind"),
    [
        (LITE, True, DENSE),
        (LITE, False, TWO_PART),
        (LARGE, True, WINDOWED),
        (LARGE, False, TWO_PART),
        (next(iter(CLASSICAL_FEATURES.values())), True, CLASSICAL),
        (next(iter(CLASSICAL_FEATURES.values())), False, CLASSICAL),
    ],
)
def test_backbone_and_head_make_the_kind(features, head_is_layer, kind):
    assert kind_to_train(features, head_is_layer=head_is_layer) is kind


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({}, WINDOWED),  # as before anything was recorded
        ({"window_px": 224, "is_dense": False}, WINDOWED),
        ({"window_px": 224, "is_dense": True}, DENSE),
        ({"window_px": 224, "is_dense": False, "is_headed": True}, TWO_PART),
        ({"window_px": 224, "is_dense": False, "is_headed": True, "is_classical": True}, CLASSICAL),
    ],
)
def test_rows_of_every_version_tell_their_kind(record, kind):
    assert kind_of_record(record) is kind


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_record_is_read_as_it_was_written(kind):
    assert kind_of_record(kind.record(224)) is kind
    assert kind.record(224)["window_px"] == 224


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_model_in_one_piece_tells_its_kind(kind):
    content = kind.pack({name: FILES[name] for name in kind.files}, features="channel-means-1")
    assert kind_of_content(content, is_dense=kind is DENSE) is kind


def test_pieces_are_packed_as_ever():
    network = packed(b"<net/>", b"weights")
    assert DENSE.pack(FILES, "") == WINDOWED.pack(FILES, "") == network
    assert TWO_PART.pack(FILES, "resnet") == packed_with_head(b"a head", network=network)
    assert CLASSICAL.pack(FILES, "hog-1") == packed_with_head(b"a head", classical="hog-1")


@pytest.mark.parametrize("has_bf16", [True, False])
def test_a_kind_knows_how_exactly_it_computes(monkeypatch, has_bf16):
    monkeypatch.setattr("training.networks.kinds.has_bf16", lambda: has_bf16)
    assert DENSE.precision("openvino", None)[0] == ("bf16" if has_bf16 else "f32")
    assert WINDOWED.precision("keras", None)[0] == "f32"
    assert TWO_PART.precision("openvino", None)[0] == CLASSICAL.precision("openvino", None)[0] == "f32"
    refused = [(DENSE, "keras", "bf16"), (TWO_PART, "keras", None), (CLASSICAL, "keras", None),
               (CLASSICAL, "openvino", "bf16")]  # fmt: skip
    for kind, engine, wanted in [*refused, *([] if has_bf16 else [(DENSE, "openvino", "bf16")])]:
        with pytest.raises(Refused):
            kind.precision(engine, wanted)


@pytest.mark.parametrize("kind", [TWO_PART, CLASSICAL], ids=lambda kind: kind.name)
def test_what_keras_cannot_open_is_refused_in_words(kind):
    assert not kind.has_keras_form
    for opened in (lambda: kind.keras_engine(b"", 224), lambda: kind.keras_network(b"")):
        with pytest.raises(Refused, match="Keras cannot open it"):
            opened()
