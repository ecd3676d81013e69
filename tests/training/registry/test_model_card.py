"""Model cards and STAC Items: what they say, against the run's own rows and the specification."""

import json
import re
from dataclasses import replace

import pytest
from scipy import stats

from tagging.models import Crop
from training.registry.exchange import card_of, facts_of, stac_of
from training.registry.model_card import model_card


@pytest.fixture
def placed(towns):
    """The crops of Norte know where they lie."""
    for number, crop in enumerate(Crop.objects.filter(town=towns[0]).order_by("pk")):
        Crop.objects.filter(pk=crop.pk).update(lon=37.0 + number / 100, lat=38.5 - number / 100)


def test_the_card_says_what_the_model_is_for_and_what_not(run):
    card = card_of(run)
    for title in (
        "Intended use",
        "Not for",
        "How well it does",
        "Threshold",
        "Calibration",
        "Limits",
        "Licence",
    ):
        assert f"\n## {title}\n" in card
    assert card.startswith("---\nlicense: apache-2.0\n")
    assert run.dataset_sha256 in card
    assert run.threshold_reason in card
    assert f"Damage {run.code_version}; Django " in card
    assert "| Norte | train | 24 | 12 |" in card
    assert "| Sur | test | 24 | 12 |" in card


def test_the_card_says_what_was_fine_tuned_and_how_crops_were_multiplied(run):
    facts = facts_of(run)
    plain = model_card(facts)
    assert "fine-tuned" not in plain
    assert "learnt from as" not in plain
    chosen = {"fine_tune_blocks": 3, "augmentation": {"form": "sampled", "copies": 8}}
    told = model_card(replace(facts, parameters={**facts.parameters, **chosen}))
    assert "learnt on ImageNet (the last 3 blocks fine-tuned on the crops), and" in told
    assert "Each training crop was learnt from as 8 images (sampled)." in told
    in_vain = {**facts.metrics, "best_epoch": 0}
    assert "fine-tuned" not in model_card(
        replace(facts, parameters={**facts.parameters, **chosen}, metrics=in_vain)
    )


def test_the_cards_intervals_are_those_of_clopper_and_pearson(run):
    """Twelve of twelve: by hand, (0.05 / 2) ** (1 / 12); of false alarms by the beta distribution."""
    counts = run.metrics["test"]["confusion"]
    line = next(line for line in card_of(run).splitlines() if line.startswith("| test |"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert counts["true_positive"] == 12
    assert cells[8] == f"{0.025 ** (1 / 12):.3f} to 1.000"
    false = counts["false_positive"]
    highest = stats.beta.ppf(0.975, false + 1, 12 - false) if false else 1 - 0.05 ** (1 / 12)
    assert cells[10].endswith(f"to {highest:.3f}")


def test_the_item_is_a_stac_item(run, placed):
    """As the core specification's own schema, which pystac brings along, has it."""
    import pystac
    from pystac.validation.local_validator import LocalValidator

    item = json.loads(json.dumps(stac_of(run)))
    LocalValidator().item_validator().validate(item)
    assert item["bbox"] == pytest.approx([37.0, 38.27, 37.23, 38.5])
    assert pystac.Item.from_dict(item).assets.keys() == {row.kind for row in run.files.all()}


def test_the_items_model_is_described_as_the_extension_asks(run):
    """The rules of its schema, by hand: it is not at hand without the internet."""
    item = stac_of(run)
    told = item["properties"]
    assert {"mlm:name", "mlm:architecture", "mlm:tasks", "mlm:input", "mlm:output"} <= set(told)
    assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_.\-\s]+[a-zA-Z0-9]", told["mlm:name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", told["mlm:framework_version"])
    assert all(re.fullmatch(r"[0-9a-zA-Z_.-]+", name) for name in told["mlm:hyperparameters"])
    (given,), (result,) = told["mlm:input"], told["mlm:output"]
    for named, described in ((given, given["input"]), (result, result["result"])):
        assert named["name"]
        assert len(described["shape"]) == len(described["dim_order"])
        assert all(re.fullmatch(r"[a-z-_]+", name) for name in described["dim_order"])
    assert (given["input"]["shape"], given["input"]["data_type"]) == ([-1, 32, 32, 3], "uint8")
    assert [each["value"] for each in result["classification:classes"]] == [0, 1]
    # What the extension asks of assets: one is the model, and says what kind of artefact it is.
    models = [asset for asset in item["assets"].values() if "mlm:model" in asset["roles"]]
    assert models
    assert all(asset["mlm:artifact_type"] for asset in models)
    # Bands that are named must be described.
    assert [band["name"] for band in told["bands"]] == given["bands"]


def test_the_items_files_have_their_digests(run):
    files = {row.kind: row for row in run.files.all()}
    for kind, asset in stac_of(run)["assets"].items():
        assert (asset["file:checksum"], asset["file:size"]) == (
            f"1220{files[kind].sha256}",
            files[kind].size_bytes,
        )


def test_a_model_without_a_place_has_no_box(run):
    item = stac_of(run)
    assert item["geometry"] is None
    assert "bbox" not in item


def test_the_parameters_are_counted(run):
    """Of the tiny network by hand: the convolution's and the softmax's, each with its biases."""
    assert facts_of(run).total_parameters == (3 * 3 * 3 * 8 + 8) + (8 * 2 + 2)
