"""Places of scenes drawn by chance, where a prediction would look: nobody has to have tagged anything there."""

import hashlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from damage.errors import Refused
from damage.ingestion.models import Scene
from damage.ingestion.reading import SceneReader
from damage.messages import Message as _
from damage.work.progress import Progress, no_progress
from training.data.crop_images import window_around
from training.data.scene_windows import SceneWindow
from training.networks.model_input import ModelInput, window_as_read

# In a row: then there is no ground, or so little that it is not worth looking for.
MOST_MISSES = 2000
# Places are left out together by squares of ground of so many windows' sides, as neighbours show the same ground.
SIDES_PER_SQUARE = 4
FOLDS = 5


@dataclass(frozen=True)
class Place:
    """The middle of a window, in scene pixels."""

    scene: Scene
    x_px: float
    y_px: float

    def window(self, model_input: ModelInput, *, in_surroundings: bool) -> SceneWindow:
        """The window here that a model with this input looks at."""
        return window_around(self.scene, (self.x_px, self.y_px), model_input, in_surroundings=in_surroundings)


def drawn_places(
    scenes: Sequence[Scene],
    model_input: ModelInput,
    *,
    count: int,
    seed: int,
    progress: Progress = no_progress,
) -> list[Place]:
    """Draw `count` places whose windows show nothing but ground, in the order of scenes, rows and columns.

    Every place of every scene is as likely as any other; windows may overlap. The same seed gives the same places.
    Raises `Refused` where a scene does not fit the model, and where hardly any of the scenes is ground.
    """
    rooms = [_Room.of(scene, model_input) for scene in scenes]
    corners = np.array([room.across * room.down for room in rooms], float)
    if not corners.any():
        raise _no_ground(scenes)
    random = np.random.default_rng(seed)
    drawn: dict[tuple[int, float, float], Place] = {}
    misses = 0
    with closing(SceneReader()) as reader:
        while len(drawn) < count:
            numbers = random.choice(len(rooms), size=count - len(drawn), p=corners / corners.sum())
            for number in sorted(map(int, numbers)):  # a scene is opened once for all that is tried in it
                place = rooms[number].place(random)
                key = (number, place.y_px, place.x_px)
                if key not in drawn and place.window(model_input, in_surroundings=True).is_all_ground(reader):
                    drawn[key], misses = place, 0
                    continue
                misses += 1
                if misses == MOST_MISSES:
                    raise _no_ground(scenes)
            progress(len(drawn), count)
    return [drawn[key] for key in sorted(drawn)]


@dataclass(frozen=True)
class _Room:
    """In how many columns and rows of a scene, as read, a window may begin."""

    scene: Scene
    across: int
    down: int
    side_px: int
    scale: int

    @classmethod
    def of(cls, scene: Scene, model_input: ModelInput) -> "_Room":
        side_px, scale = window_as_read(model_input, scene.gsd_m)
        across, down = (
            max(0, -(-length // scale) - side_px + 1) for length in (scene.width_px, scene.height_px)
        )
        return cls(scene, across, down, side_px, scale)

    def place(self, random: np.random.Generator) -> Place:
        x, y = int(random.integers(self.across)), int(random.integers(self.down))
        return Place(self.scene, (x + self.side_px / 2) * self.scale, (y + self.side_px / 2) * self.scale)


def _no_ground(scenes: Sequence[Scene]) -> Refused:
    return Refused(
        _("Hardly a window finds room on the ground of %(scenes)s.")
        % {"scenes": ", ".join(scene.name for scene in scenes)},
        _("Name larger scenes, or ask for fewer windows."),
    )


def fold_numbers(windows: Sequence[SceneWindow], seed: int) -> np.ndarray:
    """A fold (N,) for each window, one for all in a square of ground; at its edges neighbours still overlap.

    Raises `Refused` where all lie in one square.
    """
    squares = [
        (
            window.scene_sha256,
            *((corner + window.side_px // 2) // (SIDES_PER_SQUARE * window.side_px) for corner in (window.x, window.y)),
        )
        for window in windows
    ]  # fmt: skip
    known = sorted(set(squares))
    if len(known) < 2:
        raise Refused(
            _("The scenes are so small that no part of their ground can be left out."),
            _("Name larger scenes, or more of them."),
        )
    folds = np.random.default_rng(seed).permutation(len(known)) % FOLDS
    number_of = dict(zip(known, folds, strict=True))
    return np.array([number_of[square] for square in squares])


def windows_digest(windows: Sequence[SceneWindow]) -> str:
    """A digest of all that decides the windows' pixels."""
    return hashlib.sha256("\n".join(window.sha256 for window in windows).encode()).hexdigest()
