"""A drawn HEIC photo, 150 x 200 px as it is shown: grey, with two red squares and a green one.

`turned.heic` holds it lying, to be turned by its own instruction (irot, ISO/IEC 23008-12), and says the same in EXIF
(orientation 6), which decoders of HEIC leave alone. pillow-heif 1.8.1 wrote it:
`Image.fromarray(np.rot90(drawn())).save(…, exif=…, xmp=…, quality=95, chroma=444)`.
"""

import struct
from pathlib import Path

import numpy as np

STORED = Path(__file__).with_name("turned.heic")
TURN = b"\0\0\0\x09irot\x03"  # three quarters anticlockwise
SIZE = struct.pack(">II", 200, 150)
MOST_DIFFERENCE = 2  # what the drawing lost on its way


def drawn():
    pixels = np.full((200, 150, 3), 100, np.uint8)
    pixels[12:28, 10:26] = pixels[160:176, 110:126] = 255, 0, 0
    pixels[20:36, 100:116] = 0, 180, 0
    return pixels


def write_heic(path, *, quarter_turns=3, size=(200, 150)):
    """The photo, turned anticlockwise by its decoder, or with another size claimed as stored."""
    content = STORED.read_bytes()
    assert (content.count(TURN), content.count(SIZE)) == (1, 1)
    content = content.replace(TURN, TURN[:-1] + bytes([quarter_turns])).replace(
        SIZE, struct.pack(">II", *size)
    )
    path.write_bytes(content)
    return path
