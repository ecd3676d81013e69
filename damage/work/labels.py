"""Words for what long work is at, and for how long it still takes."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

STEPS: dict[str, str | Promise] = {
    "cutting": gettext_lazy("cutting crops"),
    "pictures": gettext_lazy("reading images"),
    "network": gettext_lazy("preparing the network (once)"),
    "input side": gettext_lazy("measuring the window's side"),
    "features": gettext_lazy("Features"),
    "layout": gettext_lazy("laying out"),
    "trainings": gettext_lazy("trainings"),
    "fine-tuning": gettext_lazy("fine-tuning"),
    "windows": gettext_lazy("drawing windows"),
    "teacher": gettext_lazy("asking the teacher"),
    "metrics": gettext_lazy("metrics"),
    "comparison": gettext_lazy("comparing"),
}


def step_words(step: str) -> str:
    """What a step is called; one without words is shown as it is, without underscores."""
    return str(STEPS.get(step, step.replace("_", " ")))


def duration_words(seconds: float) -> str:
    """Seconds up to a minute and a half, then minutes, then hours and minutes."""
    if seconds < 90:
        return _("%(seconds)d s") % {"seconds": round(seconds)}
    minutes = round(seconds / 60)
    if minutes < 90:
        return _("%(minutes)d min") % {"minutes": minutes}
    return _("%(hours)d h %(minutes)d min") % {"hours": minutes // 60, "minutes": minutes % 60}
