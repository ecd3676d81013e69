"""Photos' problems in the administration: which to show, and finding photos usable all the same."""

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from damage.accounts.models import User
from damage.errors import Refused
from damage.ingestion.models import Scene, SceneQuerySet
from damage.ingestion.photo_problems import NAMES, Problem
from damage.ingestion.quality import set_usable

ANY, USABLE = "any", "usable"


class ProblemFilter(admin.SimpleListFilter):
    """Photos with a problem, and those that somebody found usable all the same."""

    title = _("problem")
    parameter_name = "problem"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        names = [(str(code), str(name)) for code, name in NAMES.items()]
        return [(ANY, _("any")), *names, (USABLE, _("usable all the same"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        scenes: SceneQuerySet = queryset  # type: ignore[assignment]
        value = self.value()
        if value == USABLE:
            return scenes.filter(usable_at__isnull=False)
        if value == ANY:
            return scenes.with_problem()
        return scenes.with_problem(value) if value in set(Problem) else scenes


class QualityAdmin(admin.ModelAdmin[Any]):
    """A list of scenes with their problems."""

    actions = ["find_usable", "count_problems_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("problems")

    @admin.display(description=_("problems"))
    def problem_names(self, scene: Scene) -> str:
        """In the list: what counts."""
        return ", ".join(str(NAMES[Problem(problem.code)]) for problem in scene.open_problems)

    @admin.display(description=_("problems"))
    def problem_words(self, scene: Scene) -> str:
        """Of one scene: whatever is wrong, with the figures."""
        return "; ".join(str(problem) for problem in scene.problems.all())

    @admin.action(description=_("Find usable all the same"))
    def find_usable(self, request: HttpRequest, scenes: QuerySet[Any]) -> None:
        self._set_usable(request, scenes, True)

    @admin.action(description=_("Let their problems count again"))
    def count_problems_again(self, request: HttpRequest, scenes: QuerySet[Any]) -> None:
        self._set_usable(request, scenes, False)

    def _set_usable(self, request: HttpRequest, scenes: QuerySet[Any], is_usable: bool) -> None:
        try:
            set_usable(scenes, is_usable, by=cast(User, request.user))
        except Refused as refused:
            self.message_user(request, str(refused), messages.ERROR)
        else:
            self.message_user(request, _("Done: %(count)d") % {"count": len(scenes)})
