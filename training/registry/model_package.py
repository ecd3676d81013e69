"""One file that carries a model: a plain zip of manifest, weights, model card, STAC Item and licence. Pure.

Members are stored, not compressed, in one order and without times, so the same model always gives the same bytes. What
comes in is believed only when it is, byte by byte, what this module would write of its members, and these have the
sizes and digests that the manifest states. Nothing in it is run or unpickled.
"""

import hashlib
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import jsonschema

from damage.errors import Refused
from damage.messages import Message as _

FORMAT, VERSION = "damage-model", 1
MANIFEST, CARD, STAC, LICENCE = "manifest.json", "MODEL_CARD.md", "stac-item.json", "LICENSE"
TEXTS = (CARD, STAC, LICENCE)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
# What a file may hold at most; the largest backbone's files are a quarter of it.
MOST_BYTES = 1_000_000_000
MOST_MANIFEST_BYTES = 4_000_000
MOST_MEMBERS = 16
REMEDY = _(
    "Ask its sender for the file again, and compare its sha256 with the one that export_model printed."
)

_TEXT = {"type": "string", "maxLength": 4000}
_NAME = {"type": "string", "maxLength": 60}
_SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_COUNT = {"type": "integer", "minimum": 0, "maximum": 10**12}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_FIGURES = {
    "type": "object",
    "required": ["crops", "positive", "confusion", "auc", "balanced_accuracy", "precision", "recall", "f1"],
    "properties": {
        "crops": _COUNT,
        "positive": _COUNT,
        "confusion": {
            "type": "object",
            "required": ["true_positive", "false_positive", "false_negative", "true_negative"],
            "additionalProperties": _COUNT,
        },
        "auc": _SHARE,
        "balanced_accuracy": _SHARE,
        "precision": _SHARE,
        "recall": _SHARE,
        "f1": _SHARE,
    },
}
_SPAN = {
    "type": "object",
    "required": ["mean", "least", "most"],
    "properties": dict.fromkeys(("mean", "least", "most"), _SHARE),
}
_UNSEEN_TOWNS = {
    "type": "object",
    "required": ["towns", "is_own_cut", "recall", "false_positive_rate"],
    "properties": {
        "towns": {
            "type": "array",
            "maxItems": 1000,
            "items": {"type": "object", "required": ["town"], "properties": {"town": _TEXT}},
        },
        "is_own_cut": {"type": "boolean"},
        "recall": _SPAN,
        "false_positive_rate": _SPAN,
    },
}
_ADAPTATION = {
    "type": "object",
    "required": ["is_adapted", "separation", "half_separation", "share", "agreement", "doubts"],
    "properties": {
        "is_adapted": {"type": "boolean"},
        "separation": {"type": "number", "minimum": 0},
        "half_separation": {"type": "number", "minimum": 0},
        "share": _SHARE,
        "agreement": {"anyOf": [_SHARE, {"type": "null"}]},
        "doubts": {
            "type": "array",
            "maxItems": 100,
            "items": {
                "type": "object",
                "required": ["name", "found", "needed"],
                "properties": {"name": _NAME, "found": {"type": "number"}, "needed": {"type": "number"}},
            },
        },
    },
}
_DISTILLED = {
    "type": "object",
    "required": [
        *("teacher", "teacher_backbone", "teacher_licence", "teacher_sha256"),
        *("windows", "scenes", "towns", "seconds"),
    ],
    "properties": {
        "teacher": _COUNT,
        "teacher_backbone": _NAME,
        "teacher_licence": _TEXT,
        "teacher_sha256": _SHA256,
        "windows": _COUNT,
        "windows_sha256": _SHA256,
        "seconds": {"type": "number", "minimum": 0},
        "scenes": {
            "type": "array",
            "maxItems": 1000,
            "items": {
                "type": "object",
                "required": ["name", "sha256"],
                "properties": {"scene": _COUNT, "name": _TEXT, "sha256": _SHA256},
            },
        },
        "towns": {"type": "array", "maxItems": 1000, "items": _TEXT},
    },
}
_DISTILLATION = {
    "type": "object",
    "required": ["r2", "rank_correlation", "called_share"],
    "properties": {
        "r2": {"type": "number", "maximum": 1},
        "rank_correlation": {"type": "number", "minimum": -1, "maximum": 1},
        "called_share": _SHARE,
    },
}
_FACTS = {
    "model_run": _COUNT,
    "question": {"type": "string", "pattern": "^[-a-zA-Z0-9_]{1,60}$"},
    "question_text": _TEXT,
    "positive_label": _TEXT,
    "negative_label": _TEXT,
    "backbone": _NAME,
    "backbone_title": _TEXT,
    "backbone_licence": _TEXT,
    "head": _NAME,
    "code_version": {"type": "string", "maxLength": 80},
    "network_px": {"type": "integer", "minimum": 16, "maximum": 4096},
    "seed": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    "parameters": {
        "type": "object",
        "required": ["network"],
        "properties": {
            "network": {
                "type": "object",
                "required": ["window_px", "is_dense"],
                "properties": {
                    "window_px": {"type": "integer", "minimum": 16, "maximum": 4096},
                    "is_dense": {"type": "boolean"},
                },
            },
            "fine_tune_blocks": _COUNT,
            "augmentation": {
                "type": "object",
                "required": ["form", "copies"],
                "properties": {"form": _NAME, "copies": _COUNT},
            },
            "adapt_to": {
                "type": ["object", "null"],
                "required": ["town", "crops"],
                "properties": {"town": _TEXT, "crops": _COUNT},
            },
            "distilled": _DISTILLED,
            "head": {"type": "object", "properties": {"penalty": {"type": "number", "minimum": 0}}},
            "train_towns": {"type": "array", "items": _TEXT},
            "validation_towns": {"type": "array", "items": _TEXT},
            "test_towns": {"type": "array", "items": _TEXT},
        },
    },
    "dataset_sha256": {"type": "string", "pattern": "^([0-9a-f]{64})?$"},
    "window_m": {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 10_000},
    "window_px": {"type": ["integer", "null"], "minimum": 1, "maximum": 100_000},
    "metrics": {
        "type": "object",
        "properties": dict.fromkeys(("train", "validation", "test"), _FIGURES)
        | {
            "best_epoch": _COUNT,
            "unseen_towns": _UNSEEN_TOWNS,
            "adaptation": _ADAPTATION,
            "distillation": _DISTILLATION,
        },
    },
    "towns": {
        "type": "array",
        "maxItems": 1000,
        "items": {
            "type": "object",
            "required": ["town", "part", "crops", "positive", "sha256", "metrics"],
            "additionalProperties": False,
            "properties": {
                "town": _TEXT,
                "part": {"enum": ["train", "validation", "test"]},
                "crops": _COUNT,
                "positive": _COUNT,
                "sha256": _SHA256,
                "metrics": {"anyOf": [_FIGURES, {"type": "null"}]},
            },
        },
    },
    "calibration": {
        "type": ["object", "null"],
        "required": ["part", "expected_error", "brier"],
        "properties": {"part": _TEXT, "expected_error": _SHARE, "brier": _SHARE},
    },
    "threshold": _SHARE,
    "threshold_reason": _TEXT,
    "library_versions": {"type": "object", "additionalProperties": _TEXT},
    "hardware": {"type": "object", "additionalProperties": {"type": ["string", "integer", "null"]}},
    "trained_at": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"},
    "bounds_4326": {
        "type": ["array", "null"],
        "items": {"type": "number", "minimum": -180, "maximum": 180},
        "minItems": 4,
        "maxItems": 4,
    },
    "total_parameters": _COUNT,
}
SCHEMA = {
    "type": "object",
    "required": ["format", "version", "facts", "files", "probe", "members"],
    "additionalProperties": False,
    "properties": {
        "format": {"const": FORMAT},
        "version": {"const": VERSION},
        "site": {"type": "string", "maxLength": 200},
        "facts": {
            "type": "object",
            "required": list(_FACTS),
            "additionalProperties": False,
            "properties": _FACTS,
        },
        # The weights' members by kind of file.
        "files": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}},
        # What the model gives for `training.registry.probe_windows`'s windows.
        "probe": {"type": "array", "minItems": 1, "maxItems": 64, "items": _SHARE},
        "members": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["sha256", "size_bytes"],
                "additionalProperties": False,
                "properties": {"sha256": _SHA256, "size_bytes": _COUNT},
            },
        },
    },
}


@dataclass(frozen=True)
class Package:
    """What came in one file, checked: its digest, its manifest, its members by name."""

    sha256: str
    manifest: dict[str, Any]
    members: dict[str, bytes]

    @property
    def files(self) -> dict[str, bytes]:
        """The weights by kind of file."""
        return {kind: self.members[name] for kind, name in self.manifest["files"].items()}


def described_members(members: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """What the manifest says of members: digest and size."""
    return {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
        for name, content in sorted(members.items())
    }


def write_package(file: BinaryIO, manifest: Mapping[str, Any], members: Mapping[str, bytes]) -> None:
    """Write the file; `manifest` without its members' sizes and digests."""
    full = {**manifest, "format": FORMAT, "version": VERSION, "members": described_members(members)}
    jsonschema.validate(full, SCHEMA)
    told = json.dumps(full, indent=1, sort_keys=True, allow_nan=False).encode()
    _write(file, {MANIFEST: told, **dict(sorted(members.items()))})


def read_package(path: Path, *, sha256: str | None = None) -> Package:
    """Read a file that `write_package` wrote, of the digest `sha256` if that is given; all else is refused."""
    content = _content(path)
    digest = hashlib.sha256(content).hexdigest()
    if sha256 is not None and digest != sha256.strip().lower():
        raise Refused(
            _("The file's sha256 is %(digest)s, not the one that was given.") % {"digest": digest}, REMEDY
        )
    members = _members(content)
    told = members.pop(MANIFEST)
    manifest = _manifest(told)
    _check_members(manifest, members)
    again = BytesIO()
    _write(again, {MANIFEST: told, **dict(sorted(members.items()))})
    if again.getbuffer() != content:
        raise Refused(_("The file holds more than a model, or was not written by Damage."), REMEDY)
    return Package(digest, manifest, members)


def _write(file: BinaryIO, members: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name)  # of 1980-01-01, whatever the clock says
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content)


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise Refused(
                _("%(path)s is larger than a model can be (%(size)s bytes).") % {"path": path, "size": size},
                REMEDY,
            )
        return path.read_bytes()
    except OSError as error:
        raise Refused(
            _("%(path)s cannot be read: %(why)s.") % {"path": path, "why": error.strerror},
            _("Name a file that export_model wrote."),
        ) from error


def _members(content: bytes) -> dict[str, bytes]:
    """The members' contents; sizes are looked at before anything is read."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
            _check_entries(entries, len(content))
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
        raise Refused(_("The file is not a whole zip file, so not a model."), REMEDY) from error


def _check_entries(entries: list[zipfile.ZipInfo], size: int) -> None:
    names = [entry.filename for entry in entries]
    if MANIFEST not in names:
        raise Refused(_("The file has no manifest.json, so it is not a model that Damage exported."), REMEDY)
    if len(names) > MOST_MEMBERS or len(set(names)) != len(names):
        raise Refused(_("The file has too many members, or two of the same name."), REMEDY)
    for entry in entries:
        if not NAME.fullmatch(entry.filename) or ".." in entry.filename:
            raise Refused(
                _("A member is called %(filename)r, which no model's member is.")
                % {"filename": entry.filename[:80]},
                REMEDY,
            )
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise Refused(
                _("%(filename)s is compressed, which no model's member is.") % {"filename": entry.filename},
                REMEDY,
            )
        if entry.flag_bits & 0x1:
            raise Refused(_("%(filename)s is encrypted.") % {"filename": entry.filename}, REMEDY)
        if entry.filename == MANIFEST and entry.file_size > MOST_MANIFEST_BYTES:
            raise Refused(_("The manifest is larger than one can be."), REMEDY)
    if sum(entry.file_size for entry in entries) > size:
        raise Refused(_("The members claim to be larger than the file."), REMEDY)


def _manifest(content: bytes) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no number")

    try:
        manifest = json.loads(content, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Refused(_("The manifest is not JSON."), REMEDY) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise Refused(_("The file is not a model that Damage exported."), REMEDY)
    if manifest.get("version") != VERSION:
        raise Refused(
            _("The file is of format version %(theirs)s; this Damage reads version %(version)s.")
            % {"theirs": str(manifest.get("version"))[:20], "version": VERSION},
            _("Update Damage, or have the model exported by this version."),
        )
    try:
        jsonschema.validate(manifest, SCHEMA)
    except (jsonschema.ValidationError, RecursionError) as error:
        where = "/".join(str(part) for part in getattr(error, "absolute_path", ()))
        raise Refused(
            _("The manifest does not say what it has to, at %(place)s.") % {"place": where or "its top"},
            REMEDY,
        ) from error
    return manifest


def _check_members(manifest: Mapping[str, Any], members: Mapping[str, bytes]) -> None:
    weights = list(manifest["files"].values())
    if set(manifest["members"]) != {*weights, *TEXTS} or len(set(weights)) != len(weights):
        raise Refused(_("The manifest names other members than a model has."), REMEDY)
    if missing := sorted({*weights, *TEXTS} - set(members)):
        raise Refused(_("The file lacks %(missing)s.") % {"missing": ", ".join(missing)}, REMEDY)
    if extra := sorted(set(members) - {*weights, *TEXTS}):
        raise Refused(_("The file holds what no model has: %(extra)s.") % {"extra": ", ".join(extra)}, REMEDY)
    for name, told in described_members(members).items():
        if told != manifest["members"][name]:
            raise Refused(
                _("%(name)s is not the one that the manifest describes: it was changed.") % {"name": name},
                REMEDY,
            )
