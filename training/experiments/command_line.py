"""The command that does an experiment again."""

from collections.abc import Iterator
from shlex import join
from typing import Any

from django.utils.translation import gettext as _

from training.models import Experiment
from training.report.labels import readable

# Parameters that are options of the command under another name, and those that follow from the others.
NAMES = {"towns": "town", "counts": "crops"}
DERIVED = ("recipe", "seeds")
# Options that take all their values at once.
SEVERAL = ("counts", "backbones", "heads")


def command_for(experiment: Experiment) -> str:
    """What to type to do it again with the tags and imagery as they are now."""
    parameters = experiment.parameters
    words = ["python", "manage.py", experiment.kind]
    if experiment.kind == Experiment.Kind.ROC:
        return join([*words, str(parameters["model_run"])])
    if experiment.question:
        words += ["--question", experiment.question.slug]
    words += _options(experiment.kind, parameters)
    if experiment.kind == Experiment.Kind.LEARNING_CURVE:
        words += ["--seeds", str(len(parameters["seeds"]))]
    else:
        words += ["--seed", str(experiment.seed)]
    return join(words)


def gist_of(experiment: Experiment) -> str:
    """In a few words, what was tried on what."""
    parameters = experiment.parameters
    if "model_run" in parameters:
        return _("Model run %(number)s") % {"number": parameters["model_run"]}
    names = ["towns", "backbone", "head", "backbones", "heads"]
    if experiment.kind == Experiment.Kind.EXPLORE:
        names = ["event", "towns", "of", "features"]
    return " · ".join(readable(parameters[name]) for name in names if parameters.get(name))


def _options(kind: str, parameters: dict[str, Any]) -> Iterator[str]:
    """Towns are options of their own, counts follow theirs, a choice is its option; what was not chosen is left out."""
    for name, value in parameters.items():
        option = f"--{NAMES.get(name, name).replace('_', '-')}"
        was_chosen = value is not None and value is not False and value != []
        if not was_chosen or name in DERIVED or _is_not_an_option(kind, name):
            continue
        if value is True:
            yield option
        elif name in SEVERAL:
            yield from (option, *map(str, value))
        elif isinstance(value, (list, tuple)):
            for each in value:
                yield from (option, str(each))
        else:
            yield from (option, str(value))


def _is_not_an_option(kind: str, name: str) -> bool:
    """Trainings keep the features' recipe as `features`; a learning curve's threshold is not chosen."""
    if kind == Experiment.Kind.EXPLORE:
        return False
    return name == "features" or (kind == Experiment.Kind.LEARNING_CURVE and name == "max_fpr")
