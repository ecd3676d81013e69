"""What a file is, by its first bytes, whatever its name says. Pure."""

from pathlib import Path

FORMATS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"NITF": "NITF",
    b"NSIF": "NITF",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
    b"EHFA_HEADER_TAG": "Erdas Imagine",
    b"msid": "MrSID",
    b"GIF8": "GIF",
    b"%PDF": "PDF",
    b"PK\3\4": "ZIP",
    b"\x89HDF": "HDF5",
    b"SQLite format 3\0": "GeoPackage / MBTiles",
    b"<VRTDataset": "VRT",
}
JPEG, PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
# Markers of a JPEG's frame: it begins with the number of bits of a value (ITU-T T.81, B.2.2).
JPEG_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def format_of(path: Path) -> str | None:
    """The name of a format that is neither TIFF nor unknown."""
    with path.open("rb") as file:
        start = file.read(16)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    return next((name for signature, name in FORMATS.items() if start.startswith(signature)), None)


def bits_per_value(path: Path) -> int | None:
    """How many bits each of a pixel's values has in a PNG or JPEG, by its header."""
    with path.open("rb") as file:
        start = file.read(25)
        if start.startswith(PNG):
            return start[24] if len(start) == 25 else None
        if not start.startswith(JPEG):
            return None
        file.seek(2)
        while len(segment := file.read(4)) == 4 and segment[0] == 0xFF:
            if segment[1] in JPEG_FRAMES:
                return next(iter(file.read(1)), None)
            # Any number of these bytes may stand before a marker.
            file.seek(-3 if segment[1] == 0xFF else int.from_bytes(segment[2:]) - 2, 1)
    return None
