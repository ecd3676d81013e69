"""Whose event a training's towns are of: a model is never tested in another event without somebody saying so."""

from collections.abc import Mapping, Sequence

from damage.errors import Refused
from damage.ingestion.models import Town
from damage.ingestion.names import normalised_name
from damage.messages import Message as _
from training.models import ModelRunCrop

Part = ModelRunCrop.Part


def of_events_of(training: Sequence[Town], towns: Sequence[Town]) -> list[Town]:
    """Those of the towns that are of the training towns' events."""
    events = {town.event_id for town in training}
    return [town for town in towns if town.event_id in events]


def check_events(named: Mapping[Part, Sequence[str]], *, chosen_towns: Mapping[Part, Sequence[Town]]) -> None:
    """Refuse a named validation or test town of another event than the training's, unless named as event/town.

    `chosen_towns` are those of the parts; of a part whose towns are named, in the names' order.
    """
    training = chosen_towns[Part.TRAIN]
    for part in (Part.VALIDATION, Part.TEST):
        for name, town in zip(named.get(part, ()), chosen_towns[part], strict=False):
            if not training or of_events_of(training, [town]) or not _is_without_event(name, town):
                continue
            raise Refused(
                _("%(town)s, named for %(part)s, is of %(event)s, and the training of %(training)s.")
                % {
                    "town": town,
                    "part": part.label,
                    "event": town.event,
                    "training": ", ".join(sorted({each.event.name for each in training})),
                },
                _("If it is meant, name it with its event: %(path)s.") % {"path": town.path},
            )


def _is_without_event(name: str, town: Town) -> bool:
    return normalised_name(name) in (town.normalised_name, normalised_name(town.slug))
