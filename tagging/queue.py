"""What a person is asked next: some squares drawn by chance, the others where answers are wanted most."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import cast

from django.core import signing
from django.core.cache import cache
from django.db.models import Exists, OuterRef, Q

from damage.accounts.models import Role, User
from damage.errors import NotNow
from damage.ingestion.capture import SceneRole
from damage.ingestion.joining.membership import role_in
from damage.ingestion.models import Event, Scene, SceneQuerySet
from tagging.cell_answers import asked_cells
from tagging.drawing import Drawn, Frame, SceneSize
from tagging.models import Crop, CropState, GoldAnswer, Question, Share, Tag, in_use_by
from tagging.squares import Square

# Drawn from all ground by chance, whatever is wanted: by these alone a share of damage is measured without bias.
RANDOM_SHARE = 0.2
MOST_AT_ONCE = 50
# Where answers are known: of squares whose answer is known, to learn how good people are.
GOLD_SHARE = 0.05
# Of the squares where another answer is wanted, from how many one is chosen, so that not all are asked the same.
CHOSEN_FROM = 200
SCENES_KEPT_S = 60
# Who decides where people are not agreed.
VERIFYING = (Role.VERIFIER, Role.ADMIN)
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
    another answer, of verifiers those first that people are not agreed on; then again squares that are drawn, where
    nobody has looked yet. Among them are some whose answer is known. Fewer where there are no more.
    """
    random = random or Random()  # noqa: S311 - a sample, not a secret
    count = min(count, MOST_AT_ONCE)
    frame = Frame(_scene_sizes(event, question))
    shares = random.choices(
        [Share.RANDOM, Share.GOLD, Share.OPEN],
        [RANDOM_SHARE, GOLD_SHARE, 1 - RANDOM_SHARE - GOLD_SHARE],
        k=count,
    )
    known = _gold_crops(person, question, event, shares.count(Share.GOLD), random)
    wanting = _wanting_crops(person, question, event, count - shares.count(Share.RANDOM) - len(known), random)
    taken = {(asked.scene.pk, asked.square) for asked in (*known, *wanting)}
    by_chance = _drawn(person, question, frame, shares.count(Share.RANDOM), random, taken, Share.RANDOM)
    taken |= {(asked.scene.pk, asked.square) for asked in by_chance}
    fresh = _drawn(person, question, frame, count - len(taken), random, taken, Share.FRESH)
    return _merged(shares, by_chance, known, wanting, fresh)


def _merged(shares: Iterable[Share], by_chance: Iterable[Asked], *others: Iterable[Asked]) -> list[Asked]:
    """One for each share while there are any: of the others the known and the wanting in turn, then what is fresh."""
    known, wanting, fresh = (iter(each) for each in others)
    sources = {
        Share.RANDOM: (iter(by_chance),),
        Share.GOLD: (known, wanting, fresh),
        Share.OPEN: (wanting, fresh),
    }
    found = (
        next((asked for source in sources[share] for asked in islice(source, 1)), None) for share in shares
    )
    return [asked for asked in found if asked]


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
    if sizes:  # nobody waits for the first imagery of an event
        cache.set(key, sizes, timeout=SCENES_KEPT_S)
    return sizes


def _wanting_crops(person: User, question: Question, event: Event, count: int, random: Random) -> list[Asked]:
    """Squares that somebody answered and that need another answer, not by this person.

    Those nearest to their end come first, the least certain of them before the others.
    """
    found = []
    if role_in(person, event.pk) in VERIFYING:
        found = _in_state(CropState.State.TO_VERIFY, Share.VERIFY, person, question, event, random)[:count]
    if len(found) < count:
        found += _in_state(CropState.State.OPEN, Share.OPEN, person, question, event, random)
    return found[:count]


def _in_state(
    state: str, share: Share, person: User, question: Question, event: Event, random: Random
) -> list[Asked]:
    states = (
        CropState.objects.filter(question=question, state=state)
        .filter(_asked_of(person, question, event))
        .select_related("crop__scene__town__event")
        .defer("crop__scene__footprint_4326", "crop__scene__crs_wkt")
        .order_by("-answers", "certainty", "pk")
    )
    crops = [row.crop for row in states[:CHOSEN_FROM]]
    random.shuffle(crops)
    return [_asked(crop, share) for crop in crops]


def _gold_crops(person: User, question: Question, event: Event, count: int, random: Random) -> list[Asked]:
    """Squares whose answer is known, but neither by this person's answer nor to them."""
    if not count:
        return []
    known = GoldAnswer.objects.filter(_asked_of(person, question, event), question=question)
    crops = list(known.exclude(by=person).order_by("pk").values_list("crop", flat=True))
    chosen = Crop.objects.filter(pk__in=random.sample(crops, min(count, len(crops))))
    chosen = chosen.select_related("scene__town__event").defer("scene__footprint_4326", "scene__crs_wkt")
    return [_asked(crop, Share.GOLD) for crop in chosen]


def _asked_of(person: User, question: Question, event: Event) -> Q:
    """The condition that a row's crop may be asked about, and that the person has not answered there."""
    own = Tag.objects.filter(crop=OuterRef("crop"), tagger=person, question=question)
    is_asked = Q(crop__town__event=event, crop__scene__role=SceneRole.AFTER)
    return is_asked & in_use_by("crop__") & ~Q(Exists(own))


def _asked(crop: Crop, share: Share) -> Asked:
    return Asked(cast(Scene, crop.scene), Square(crop.x_px or 0, crop.y_px or 0, crop.size_px), share)


def _drawn(
    person: User,
    question: Question,
    frame: Frame,
    count: int,
    random: Random,
    taken: Collection[tuple[int, Square]],
    share: Share,
) -> list[Asked]:
    """Cells drawn by chance, of those that show ground: as a measure whatever others said, else where nobody looked.

    The person has answered none of them.
    """
    seen: dict[int, tuple[Scene | None, set[Square]]] = {}

    def is_wanted(drawn: Drawn) -> bool:
        pk = drawn.scene.pk
        if pk not in seen:
            seen[pk] = (
                _asked_scene(pk),
                _answered_squares(question, pk, None if share == Share.FRESH else person),
            )
        scene, answered = seen[pk]
        if scene is None or drawn.square in answered or (pk, drawn.square) in taken:
            return False
        try:
            return bool(asked_cells(scene, question).asked.flat[drawn.number])
        except NotNow:  # its view is gone or broken, which `doctor` tells; others are asked about
            seen[pk] = None, answered
            return False

    return [
        Asked(cast(Scene, seen[drawn.scene.pk][0]), drawn.square, share, drawn.chance)
        for drawn in frame.different(count, random, is_wanted)
    ]


def _asked_scene(pk: int) -> Scene | None:
    """A scene that is asked about; it may have been taken out of use since the list of them was made."""
    return (
        _asked_scenes().select_related("town__event").defer("footprint_4326", "crs_wkt").filter(pk=pk).first()
    )


def _answered_squares(question: Question, scene: int, person: User | None) -> set[Square]:
    """The squares of a scene that the person, or anybody, has answered."""
    tags = Tag.objects.filter(question=question, crop__scene=scene)
    if person:
        tags = tags.filter(tagger=person)
    places = tags.values_list("crop__x_px", "crop__y_px", "crop__size_px").distinct()
    return {Square(x or 0, y or 0, size) for x, y, size in places}


def _asked_scenes() -> SceneQuerySet:
    """What people are asked about: imagery from after an event that is in use and shows the ground well."""
    return Scene.objects.in_use().worth_asking_about().filter(role=SceneRole.AFTER)


def receipt(asked: Asked, person: User, question: Question) -> str:
    """What comes back with the answer and says, so that nobody can make it up, why the square was asked about.

    Anybody can read it. So a square whose answer is known says what one says that needs another answer; which it was
    is looked up when its answer is stored (`tagging.services`).
    """
    share = Share.OPEN if asked.share == Share.GOLD else asked.share
    place = [asked.scene.pk, asked.square.x_px, asked.square.y_px, asked.square.size_px]
    return signing.dumps([person.pk, question.pk, *place, share.value, asked.chance], salt=SALT)


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


def live_event(person: User) -> Event | None:
    """Of a person's events the one whose imagery from after it came in last; None where there is none."""
    newest = _asked_scenes().visible_to(person).order_by("-created_at", "-pk")
    scene = newest.select_related("town__event").only("town__event").first()
    return scene.town.event if scene else None
