"""What a person is asked next: some squares drawn by chance, the others where answers are wanted most."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import cast

from django.core import signing
from django.core.cache import cache
from django.db.models import Count, F, Q

from damage.accounts.models import User
from damage.ingestion.capture import SceneRole
from damage.ingestion.models import Event, Scene, SceneQuerySet
from tagging.answers import CountsAs
from tagging.cell_answers import asked_cells
from tagging.drawing import Drawn, Frame, SceneSize
from tagging.models import Crop, Question, Share, Tag
from tagging.squares import Square

# Drawn from all ground by chance, whatever is wanted: by these alone a share of damage is measured without bias.
RANDOM_SHARE = 0.2
MOST_AT_ONCE = 50
# Answers that a square gets before another is asked about: two that agree, or five that do not.
ENOUGH_AGREEING, ENOUGH_DIVIDED = 2, 5
# Of the squares where another answer is wanted, from how many one is chosen, so that not all are asked the same.
CHOSEN_FROM = 200
SCENES_KEPT_S = 60
SALT = "damage.tagging.asked"


@dataclass(frozen=True)
class Asked:
    """A square that a person is to answer for, and why it was chosen."""

    scene: Scene
    square: Square
    share: Share
    chance: float | None = None


def next_squares(
    person: User, question: Question, event: Event, count: int, *, random: Random | None = None
) -> list[Asked]:
    """Up to `count` squares of an event's imagery that the person has not answered, in the order to ask them.

    A fixed share is drawn by chance from all ground. The others are squares that somebody answered and that need
    another answer, then again squares that are drawn, where nobody has looked yet. Fewer where there are no more.
    """
    random = random or Random()  # noqa: S311 - a sample, not a secret
    count = min(count, MOST_AT_ONCE)
    frame = Frame(_scene_sizes(event, question))
    shares = [Share.RANDOM if random.random() < RANDOM_SHARE else Share.OPEN for _ in range(count)]
    wanting = _open_crops(person, question, event)
    random.shuffle(wanting)
    opened = [Asked(cast(Scene, crop.scene), _square_of(crop), Share.OPEN) for crop in wanting]
    opened = opened[: shares.count(Share.OPEN)]
    drawn = _drawn(
        person, question, frame, count - len(opened), random, {(a.scene.pk, a.square) for a in opened}
    )
    return _merged(shares, opened, drawn)


def _merged(
    shares: Iterable[Share], opened: Sequence[Asked], drawn: Sequence[tuple[Scene, Drawn]]
) -> list[Asked]:
    """One for each share while there are any; where none is open, what was drawn stands in and says so."""
    of_open, of_drawn, merged = iter(opened), iter(drawn), []
    for share in shares:
        asked = next(of_open, None) if share == Share.OPEN else None
        if asked is None and (found := next(of_drawn, None)):
            asked = Asked(
                found[0],
                found[1].square,
                Share.RANDOM if share == Share.RANDOM else Share.FRESH,
                found[1].chance,
            )
        if asked:
            merged.append(asked)
    return merged


def _scene_sizes(event: Event, question: Question) -> list[SceneSize]:
    """The event's scenes from after it that are in use; kept for a minute, as each answer asks for more."""
    key = f"tagging.queue.scenes.{event.pk}.{question.pk}.{question.crop_size_m}.{question.crop_size_px}"
    if (kept := cache.get(key)) is not None:
        return cast(list[SceneSize], kept)
    scenes = _asked_scenes().filter(town__event=event).order_by("pk")
    sizes = [
        SceneSize(scene.pk, scene.width_px, scene.height_px, question.side_px(scene))
        for scene in scenes.only("pk", "width_px", "height_px", "gsd_m")
    ]
    cache.set(key, sizes, timeout=SCENES_KEPT_S)
    return sizes


def _open_crops(person: User, question: Question, event: Event) -> list[Crop]:
    """Squares that somebody answered and that need another answer, not by this person: the divided ones first."""
    by_people = Q(tags__question=question, tags__tagger__is_active=True)
    crops = (
        Crop.objects.in_use()
        .filter(town__event=event, scene__role=SceneRole.AFTER)
        .annotate(
            answers=Count("tags", filter=by_people),
            yes=Count(
                "tags", filter=by_people & Q(tags__answer__in=question.keys_counting_as(CountsAs.POSITIVE))
            ),
            no=Count(
                "tags", filter=by_people & Q(tags__answer__in=question.keys_counting_as(CountsAs.NEGATIVE))
            ),
        )
        .filter(
            Q(answers__gt=0)
            & (Q(answers__lt=ENOUGH_AGREEING) | Q(yes__gt=0, no__gt=0, answers__lt=ENOUGH_DIVIDED))
        )
        .exclude(pk__in=Tag.objects.filter(tagger=person, question=question).values("crop"))
    )
    divided_first = (F("yes") * F("no")).desc()
    found = crops.select_related("scene__town__event").defer("scene__footprint_4326", "scene__crs_wkt")
    return list(found.order_by(divided_first, "pk")[:CHOSEN_FROM])


def _drawn(
    person: User, question: Question, frame: Frame, count: int, random: Random, taken: set[tuple[int, Square]]
) -> list[tuple[Scene, Drawn]]:
    """Cells drawn by chance, of those that show ground and that the person has not answered."""
    seen: dict[int, tuple[Scene | None, set[Square]]] = {}

    def is_wanted(drawn: Drawn) -> bool:
        pk = drawn.scene.pk
        if pk not in seen:
            # A scene may have been taken out of use since the list of them was made.
            scene = (
                _asked_scenes()
                .select_related("town__event")
                .defer("footprint_4326", "crs_wkt")
                .filter(pk=pk)
                .first()
            )
            places = Tag.objects.filter(tagger=person, question=question, crop__scene=pk)
            columns = ("crop__x_px", "crop__y_px", "crop__size_px")
            seen[pk] = scene, {Square(*place) for place in places.values_list(*columns)}
        scene, answered = seen[pk]
        if scene is None or drawn.square in answered or (pk, drawn.square) in taken:
            return False
        return bool(asked_cells(scene, question).asked.flat[drawn.number])

    found = frame.different(count, random, is_wanted)
    return [(cast(Scene, seen[drawn.scene.pk][0]), drawn) for drawn in found]


def _asked_scenes() -> SceneQuerySet:
    """What people are asked about: imagery from after an event that is in use."""
    return Scene.objects.in_use().filter(role=SceneRole.AFTER)


def _square_of(crop: Crop) -> Square:
    return Square(crop.x_px or 0, crop.y_px or 0, crop.size_px)


def receipt(asked: Asked, person: User, question: Question) -> str:
    """What comes back with the answer and says, so that nobody can make it up, why the square was asked about."""
    place = [asked.scene.pk, asked.square.x_px, asked.square.y_px, asked.square.size_px]
    return signing.dumps([person.pk, question.pk, *place, asked.share.value, asked.chance], salt=SALT)


def why_asked(
    text: str, *, person: User, question: Question, scene: Scene, square: Square
) -> tuple[str, float | None]:
    """The share and chance that a receipt tells of; ("", None) where it is none of this person and square."""
    try:
        *place, share, chance = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return "", None
    here = [person.pk, question.pk, scene.pk, square.x_px, square.y_px, square.size_px]
    return (share, chance) if place == here else ("", None)


def live_event() -> Event | None:
    """The event whose imagery from after it came in last; None where there is none."""
    newest = _asked_scenes().order_by("-created_at", "-pk")
    scene = newest.select_related("town__event").only("town__event").first()
    return scene.town.event if scene else None
