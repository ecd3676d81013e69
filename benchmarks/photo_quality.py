"""How well blurred, dark, overexposed and twofold photos are told.

    python benchmarks/photo_quality.py [--data ../shared/data] [--mosaics banepa kampala drippingsprings]

Flights are made of orthomosaics, cut into overlapping frames as a drone would take them; some frames are blurred, as by
shaking or a wrong focus, and must be told from the others by `damage.ingestion.photo_quality`. Real photos are blurred,
exposed otherwise, and shifted a little. Blur is given in pixels of a photo 4,000 px wide.
"""

import argparse
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from PIL import Image
from rasterio.windows import Window
from scipy.ndimage import gaussian_filter, uniform_filter1d

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from damage.ingestion.opening import open_raster  # noqa: E402
from damage.ingestion.photo_look import Look, look_of, reduced_luminance  # noqa: E402
from damage.ingestion.photo_problems import Problem  # noqa: E402
from damage.ingestion.photo_quality import JudgedPhoto, blurred, judge  # noqa: E402
from damage.ingestion.photos import read_photo_image  # noqa: E402
from damage.ingestion.rasters import read_photo, read_rgb  # noqa: E402
from damage.tables import markdown_table  # noqa: E402

PHOTO_PX = 4000
FRAME_PX = (1536, 2048)
STEP = 0.25  # of a frame's side
MOST_FRAMES = 60
BLURRED_SHARE = 0.1
MOTION_PX, FOCUS_PX = (5, 10, 15, 20, 30, 40), (1, 2, 3, 4, 6, 8)
STOPS = (-6, -5, -4, -3, -2, -1, 1, 2, 3, 4)
SHIFTS = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)


def frames(path: Path) -> list[np.ndarray]:
    """Frames (H, W, 3) of a mosaic that show ground all over, spread over it."""
    height, width = FRAME_PX
    with open_raster(path) as dataset:
        pixels = (
            read_rgb(dataset, Window(0, 0, dataset.width, dataset.height))
            if dataset.width * dataset.height < 4e8
            else None
        )
        if pixels is None:
            return []
    scale = min(1.0, min(pixels.shape[0] / height, pixels.shape[1] / width) / 2)
    height, width = round(height * scale), round(width * scale)
    corners = [
        (top, left)
        for top in range(0, pixels.shape[0] - height + 1, round(height * STEP))
        for left in range(0, pixels.shape[1] - width + 1, round(width * STEP))
    ]
    whole = [
        (top, left)
        for top, left in corners
        if (pixels[top : top + height : 8, left : left + width : 8].max(axis=2) > 0).mean() > 0.98
    ]
    picked = [
        whole[index]
        for index in np.linspace(0, len(whole) - 1, min(MOST_FRAMES, len(whole))).round().astype(int)
    ]
    return [pixels[top : top + height, left : left + width] for top, left in picked]


def pixels_look(pixels: np.ndarray) -> Look:
    """The look of pixels (H, W, 3)."""
    return look_of(Image.fromarray(np.ascontiguousarray(pixels)))


def moved(pixels: np.ndarray, px: float, axis: int = 1) -> np.ndarray:
    """As if the camera had moved so many pixels (of 4,000) while it was open."""
    size = max(1, round(px * pixels.shape[1] / PHOTO_PX))
    return in_three(uniform_filter1d(pixels[..., 1].astype(np.float32), size, axis=axis))


def unfocused(pixels: np.ndarray, px: float) -> np.ndarray:
    """A Gaussian of so many pixels (of 4,000) as standard deviation."""
    sigma = px * pixels.shape[1] / PHOTO_PX
    return in_three(gaussian_filter(pixels[..., 1].astype(np.float32), sigma, truncate=3))


def exposed(pixels: np.ndarray, stops: float) -> np.ndarray:
    """As if so many stops more light had come in (gamma 2.2)."""
    linear = (np.arange(256) / 255.0) ** 2.2 * 2.0**stops
    return (255 * np.clip(linear, 0, 1) ** (1 / 2.2)).round().astype(np.uint8)[pixels]


def in_three(green: np.ndarray) -> np.ndarray:
    """A picture (H, W, 3) of one channel, which is all that is measured."""
    return np.broadcast_to(green.round().astype(np.uint8)[..., None], (*green.shape, 3))


BLURS: list[tuple[str, float, Callable[[np.ndarray, float], np.ndarray]]] = [
    *(("moved", px, moved) for px in MOTION_PX),
    *(("out of focus", px, unfocused) for px in FOCUS_PX),
]


def made_flight(
    pictures: list[np.ndarray], blur: Callable[[np.ndarray, float], np.ndarray], px: float
) -> tuple[int, int, int]:
    """Of a flight with every tenth frame blurred: how many are, how many of those are told, how many others."""
    hidden = set(range(0, len(pictures), round(1 / BLURRED_SHARE)))
    photos = [
        JudgedPhoto(number, look=pixels_look(blur(pixels, px) if number in hidden else pixels))
        for number, pixels in enumerate(pictures)
    ]
    found = {finding.key for finding in blurred(photos)}
    return len(hidden), len(found & hidden), len(found - hidden)


def of_flights(data: Path, names: list[str]) -> list[dict[str, Any]]:
    """A row for each kind of blur, over all mosaics."""
    flights = {
        path.stem: frames(path)
        for path in sorted((data / "mosaics").glob("*.tif"))
        if any(name in path.stem for name in names)
    }
    rows = []
    for stem, pictures in flights.items():
        logs = np.log([pixels_look(pixels).sharpness for pixels in pictures])
        sound = [JudgedPhoto(number, look=pixels_look(pixels)) for number, pixels in enumerate(pictures)]
        spread = 1.4826 * np.median(abs(logs - np.median(logs)))
        rows.append(
            {
                "flight": stem,
                "frames": len(pictures),
                "median sharpness": float(np.exp(np.median(logs))),
                "deviation of its logarithm": float(spread),
                "lowest, times below": float(np.exp(np.median(logs) - logs.min())),
                "false": len(blurred(sound)),
            }
        )
    tell(rows)
    kinds = []
    for kind, px, blur in BLURS:
        hidden, told, false = np.sum(
            [made_flight(pictures, blur, px) for pictures in flights.values() if pictures], axis=0
        )
        kinds.append({"blur": kind, "px": px, "blurred": hidden, "told": told, "others told": false})
    tell(kinds)
    return rows + kinds


def of_photos(paths: list[Path]) -> list[dict[str, Any]]:
    """How sharpness falls with blur, what other exposure is told, and how far hashes of shifted photos lie apart."""
    photos = [read_photo(path, 1) for path in paths]
    looks = [pixels_look(pixels) for pixels in photos]
    tell(
        [
            {
                "photo": path.name,
                "sharpness": look.sharpness,
                "mean": look.mean_luminance,
                "black": look.dark_share,
                "white": look.bright_share,
            }
            for path, look in zip(paths, looks, strict=True)
        ]
    )
    rows: list[dict[str, Any]] = []
    for kind, px, blur in BLURS:
        ratios = [
            pixels_look(blur(pixels, px)).sharpness / look.sharpness
            for pixels, look in zip(photos, looks, strict=True)
        ]
        rows.append(
            {
                "blur": kind,
                "px": px,
                "of the sharpness, lowest": min(ratios),
                "median": float(np.median(ratios)),
                "highest": max(ratios),
            }
        )
    tell(rows)
    exposures = []
    for stops in STOPS:
        seen = [pixels_look(exposed(pixels, stops)) for pixels in photos]
        codes = [finding.problem for look in seen for finding in judge([JudgedPhoto(0, 0.0, 0.0, look=look)])]
        exposures.append(
            {
                "stops": stops,
                "photos": len(photos),
                "dark": codes.count(Problem.DARK),
                "bright": codes.count(Problem.BRIGHT),
                "black": float(np.median([look.dark_share for look in seen])),
                "white": float(np.median([look.bright_share for look in seen])),
                "mean": float(np.median([look.mean_luminance for look in seen])),
            }
        )
    tell(exposures)
    shifts = []
    small = [np.asarray(Image.fromarray(pixels).reduce(4)) for pixels in photos]
    for shift in SHIFTS:
        bits = [shifted_bits(pixels, shift) for pixels in small]
        shifts.append(
            {
                "shifted by, of the width": shift,
                "differing bits, lowest": min(bits),
                "median": float(np.median(bits)),
                "highest": max(bits),
            }
        )
    tell(shifts)
    return rows + exposures + shifts


def shifted_bits(pixels: np.ndarray, share: float) -> int:
    """Bits in which a photo and another differ that was taken a little aside, with noise, and saved anew."""
    by, width = round(share * pixels.shape[1]), pixels.shape[1] * 3 // 4
    one, other = (pixels[:, start : start + width] for start in (0, by))
    noise = np.random.default_rng(1).normal(0, 4, other.shape)
    kept = BytesIO()
    Image.fromarray(np.clip(other + noise, 0, 255).astype(np.uint8)).save(kept, "JPEG", quality=85)
    hashes = [
        np.frombuffer(bytes.fromhex(pixels_look(np.asarray(each)).hash_hex), np.uint64)
        for each in (np.ascontiguousarray(one), Image.open(kept))
    ]
    return int(np.bitwise_count(hashes[0] ^ hashes[1]).sum())


def cost(path: Path) -> dict[str, float]:
    """Processor milliseconds of decoding a photo, and of its look; best of five."""
    times: dict[str, list[float]] = {"decoding": [], "reducing": [], "look": []}
    for _ in range(5):
        begun = process_time()
        image = read_photo_image(path, orientation=1)
        times["decoding"].append(process_time() - begun)
        begun = process_time()
        reduced_luminance(image)
        times["reducing"].append(process_time() - begun)
        begun = process_time()
        look_of(image)
        times["look"].append(process_time() - begun)
    best = {name: 1000 * min(each) for name, each in times.items()}
    return best | {"of decoding": best["look"] / best["decoding"]}


def tell(rows: list[dict[str, Any]]) -> None:
    print(markdown_table(list(rows[0]), [list(row.values()) for row in rows]) + "\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument(
        "--mosaics", nargs="+", default=["banepa", "kampala", "drippingsprings"], help="parts of names"
    )
    arguments = parser.parse_args()
    photos = sorted((arguments.data / "photos").glob("*/*.JPG"))
    tell([cost(photos[0])])
    of_flights(arguments.data, arguments.mosaics)
    of_photos(photos)


if __name__ == "__main__":
    main()
