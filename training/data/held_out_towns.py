"""Which towns a model has seen, and which are kept for tests: the one place that says so."""

from collections.abc import Iterable, Iterator

from django.conf import settings
from django.db.models import Q, QuerySet

from damage.ingestion.models import Town
from tagging.models import Crop
from training.models import ModelRun, ModelRunCrop

Part = ModelRunCrop.Part
# The parts that a model learns from: validation chooses its threshold.
LEARNING = (Part.TRAIN, Part.VALIDATION)


def held_out_towns() -> list[Town]:
    """The towns here that DAMAGE_TEST_TOWNS keeps for tests: no model learns from them."""
    towns = Town.objects.select_related("event").order_by("pk")
    return [town for town in towns if town.path in settings.ENVIRONMENT.test_towns]


def learnt_from(run: ModelRun) -> set[str]:
    """The towns, as "event/town", that had a part in making a run what it is.

    It was trained or validated on them, or it adapted to them without answers, which set its threshold, or as a student
    it learnt what its teacher says of them; and all that
    holds of the runs that it goes on from. Of an imported run, as its file told. A town that a run was to adapt to, and
    that left the model as it was, had no part.
    """
    return set().union(*(_own_towns(each) for each in _with_parents(run)))


def learnt_crops(runs: Iterable[ModelRun]) -> QuerySet[Crop]:
    """The crops here that had a part in making the runs what they are; see `learnt_from`."""
    every = [each for run in runs for each in _with_parents(run)]
    learning = ModelRunCrop.objects.filter(model_run__in=every, part__in=LEARNING).values("crop")
    adapted = [run for run in every if not run.stayed_unadapted]
    adapting = ModelRun.unlabelled_crops.through.objects.filter(modelrun__in=adapted).values("crop")
    return Crop.objects.filter(Q(pk__in=learning) | Q(pk__in=adapting)).order_by("pk")


def unseen_towns(runs: Iterable[ModelRun]) -> list[Town]:
    """The towns kept for tests, where there are none all towns, that no run learnt from."""
    seen = set().union(*(learnt_from(run) for run in runs))
    towns = held_out_towns() or Town.objects.select_related("event").order_by("pk")
    return [town for town in towns if town.path not in seen]


def spoilt_tests(run: ModelRun) -> set[str]:
    """The towns kept for tests that a run learnt from all the same; those that are not here count too."""
    return learnt_from(run) & set(settings.ENVIRONMENT.test_towns)


def _with_parents(run: ModelRun) -> Iterator[ModelRun]:
    """The run and those that it goes on from, each once."""
    met: set[int] = set()
    present: ModelRun | None = run
    while present and present.pk not in met:
        met.add(present.pk)
        yield present
        present = present.parent


def _own_towns(run: ModelRun) -> set[str]:
    learning = run.run_crops.filter(part__in=LEARNING).values("crop__town")
    crops = run.unlabelled_crops.order_by()
    adapting = (crops.none() if run.stayed_unadapted else crops).values("town")
    towns = Town.objects.filter(Q(pk__in=learning) | Q(pk__in=adapting)).select_related("event")
    return {town.path for town in towns}.union(_told_towns(run))


def _told_towns(run: ModelRun) -> Iterator[str]:
    """The towns that a run's parameters name, which is all that an imported run has."""
    for part in LEARNING:
        yield from run.parameters.get(f"{part}_towns") or ()
    if adapted := run.adapted_to:
        yield adapted["town"]
    if run.is_student:
        yield from run.parameters["distilled"]["towns"]
