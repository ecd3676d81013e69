"""A model as a STAC Item with the Machine Learning Model extension. Pure.

STAC 1.1 (https://github.com/radiantearth/stac-spec), MLM 1.4 (https://github.com/stac-extensions/mlm).
"""

from collections.abc import Mapping
from typing import Any

from training.networks.backbones.registry import Backbone
from training.networks.kinds import ModelKind
from training.registry.model_card import LICENCE, ModelCardFacts

EXTENSIONS = (
    "https://stac-extensions.github.io/mlm/v1.4.0/schema.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
    "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
)
BANDS = ("red", "green", "blue")
# By kind of file: (title, media type, roles, artefact type). MLM wants one asset at least to be the model.
ASSETS = {
    "keras": ("Keras model", "application/zip; application=keras", ["mlm:model", "mlm:weights"], "keras"),
    "openvino_xml": ("OpenVINO network", "application/xml; application=openvino", ["mlm:model"], "openvino"),
    "openvino_bin": ("OpenVINO weights", "application/octet-stream; application=openvino", ["mlm:weights"], None),
}  # fmt: skip
OTHER = ("Further part of the model", "application/octet-stream", ["mlm:weights"], None)


def stac_item(
    facts: ModelCardFacts, backbone: Backbone, files: Mapping[str, tuple[str, str, int]], kind: ModelKind
) -> dict[str, Any]:
    """The Item; `files` are (href, sha256, size in bytes) by kind, the first digest names it."""
    digest = next(iter(files.values()))[1]
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": list(EXTENSIONS),
        "id": f"damage-{facts.question}-{digest[:16]}",
        **_where(facts.bounds_4326),
        "properties": {
            "datetime": facts.trained_at,
            "title": f"Damage model {facts.model_run}: {facts.question_text}",
            "description": f"Answers \"{facts.question_text}\" of squares of imagery from above; see MODEL_CARD.md.",
            "license": LICENCE,
            "bands": _bands(),
            "mlm:name": f"damage-{facts.question}-{facts.model_run}",
            "mlm:architecture": f"{facts.backbone_title} with {facts.head}",
            "mlm:tasks": ["classification"],
            "mlm:framework": "Keras",
            "mlm:framework_version": str(facts.library_versions.get("keras", "")),
            "mlm:accelerator": None,
            "mlm:accelerator_constrained": False,
            "mlm:batch_size_suggestion": 8,
            "mlm:total_parameters": facts.total_parameters,
            "mlm:pretrained": True,
            "mlm:pretrained_source": "ImageNet",
            "mlm:input": [_input(facts, backbone, kind)],
            "mlm:output": [_output(facts, kind)],
            "mlm:hyperparameters": _hyperparameters(facts),
        },
        "links": [],
        "assets": {kind: _asset(kind, *file) for kind, file in files.items()},
    }  # fmt: skip


def _where(bounds_4326: list[float] | None) -> dict[str, Any]:
    """Geometry and box; without a place the geometry is null, and STAC allows no box then."""
    if bounds_4326 is None:
        return {"geometry": None}
    west, south, east, north = bounds_4326
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"geometry": {"type": "Polygon", "coordinates": [ring]}, "bbox": bounds_4326}


def _input(facts: ModelCardFacts, backbone: Backbone, kind: ModelKind) -> dict[str, Any]:
    side = kind.input_side_px(backbone.size_px)
    padding = ""
    if side is None:
        padding = f" The square is then padded by its own mirror image to {backbone.input_px} px."
    return {
        "name": "pixels",
        "description": f"8-bit RGB, scaled to {facts.network_px} px on each side (bilinear).{padding} Shifting and "
        "scaling of the values is part of the network.",
        "bands": list(BANDS),
        "input": {
            "shape": [-1, side or -1, side or -1, 3],
            "dim_order": ["batch", "height", "width", "bands"],
            "data_type": "uint8",
        },
        "resize_type": "interpolation-linear",
        "pre_processing_function": None,
    }  # fmt: skip


def _output(facts: ModelCardFacts, kind: ModelKind) -> dict[str, Any]:
    output = kind.output
    return {
        "name": output.name,
        "description": f"{output.description} Yes from a score of {facts.threshold:.6f} on.",
        "tasks": ["classification"],
        "result": {"shape": list(output.shape), "dim_order": list(output.dim_order), "data_type": "float32"},
        "classification:classes": [
            {"value": 0, "name": "no", "description": facts.negative_label},
            {"value": 1, "name": "yes", "description": facts.positive_label},
        ],
        "post_processing_function": None,
    }


def _hyperparameters(facts: ModelCardFacts) -> dict[str, Any]:
    head = facts.parameters.get("head")
    chosen = head if isinstance(head, Mapping) else {}
    return {
        "head": facts.head,
        "seed": facts.seed,
        "contrast": facts.parameters.get("contrast"),
        "max_fpr": facts.parameters.get("max_fpr"),
        "threshold": facts.threshold,
        **chosen,
        **{
            name: each
            for name in ("fine_tuning", "augmentation", "adapt_to", "distilled")
            if (each := facts.parameters.get(name))
        },
    }


def _asset(kind: str, href: str, sha256: str, size_bytes: int) -> dict[str, Any]:
    title, media_type, roles, artefact = ASSETS.get(kind, OTHER)
    return {
        "href": href,
        "title": title,
        "type": media_type,
        "roles": roles,
        "file:size": size_bytes,
        "file:checksum": f"1220{sha256}",  # a multihash: sha2-256, 32 bytes
        # STAC lets the Item name bands only where an asset does.
        **({"mlm:artifact_type": artefact, "bands": _bands()} if artefact else {}),
    }


def _bands() -> list[dict[str, str]]:
    return [{"name": band} for band in BANDS]
