"""Networks as blocks need them: opened once in each process, and only if they are the right ones."""

import hashlib
import os
from dataclasses import dataclass, field
from functools import lru_cache

from damage.errors import Refused
from damage.messages import Message as _
from training.networks.asynchronous import AsyncNetwork
from training.networks.engines import Precision, has_bf16
from training.networks.kinds import EngineName, kind_of_content


def open_network(
    model: bytes,
    *,
    sha256: str,
    engine: EngineName,
    precision: Precision,
    tile_input_px: int | None,
) -> AsyncNetwork:
    """A model's network, compiled once per process; raises `Refused` unless the model is the one of that digest.

    With `tile_input_px` it is dense: tiles (1, 3, input, input) in, logits (1, cells, cells, 1) out; else windows
    (N, size, size, 3) in, scores (N, 1) out. Its threads are those of DAMAGE_THREADS, 0 or nothing for all cores.
    """
    return _opened(_Content(sha256, model), engine, precision, tile_input_px, asked_threads())


def asked_threads() -> int:
    """How many threads may work in this process, by DAMAGE_THREADS; 0 for all cores."""
    return int(os.environ.get("DAMAGE_THREADS") or 0)


@dataclass(frozen=True)
class _Content:
    """A model's bytes, known by the digest that they must have."""

    sha256: str
    content: bytes = field(compare=False, repr=False)


@lru_cache(maxsize=2)
def _opened(
    model: _Content, engine: EngineName, precision: Precision, tile_input_px: int | None, threads: int
) -> AsyncNetwork:
    if hashlib.sha256(model.content).hexdigest() != model.sha256:
        raise Refused(_("The model is not the one that the run was made for."), _("Predict again."))
    kind = kind_of_content(model.content, is_dense=tile_input_px is not None)
    if engine == "keras":
        return kind.keras_network(model.content)
    if precision == "bf16" and not has_bf16():
        raise Refused(
            _("This machine's processor does not compute in bfloat16, and the run began on one that does."),
            _("Continue it on such a machine, or predict anew with --precision f32."),
        )
    return kind.network(model.content, precision=precision, threads=threads, tile_input_px=tile_input_px)
