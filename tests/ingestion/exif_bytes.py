"""EXIF written byte by byte, as cameras and programs write it that keep to no standard (TIFF 6.0, section 2)."""

import struct

MAKE, MODEL, DATE_TIME, EXIF_IFD, GPS_IFD = 0x010F, 0x0110, 0x0132, 0x8769, 0x8825
DATE_TIME_ORIGINAL, DATE_TIME_DIGITIZED = 0x9003, 0x9004
OFFSET_TIME, OFFSET_TIME_ORIGINAL, OFFSET_TIME_DIGITIZED = 0x9010, 0x9011, 0x9012
SUBSEC_TIME, SUBSEC_TIME_ORIGINAL, SUBSEC_TIME_DIGITIZED = 0x9290, 0x9291, 0x9292
FOCAL_LENGTH_IN_35MM = 0xA405
LAT_REF, LAT, LON_REF, LON, ALTITUDE_REF, ALTITUDE, TIME_STAMP, DATE_STAMP = 1, 2, 3, 4, 5, 6, 7, 0x1D


def letters(text):
    data = text.encode() + b"\0"
    return 2, len(data), data


def byte(value):
    return 1, 1, bytes([value])


def short(value):
    return 3, 1, struct.pack("<H", value)


def rationals(*pairs):
    """Unsigned fractions, or signed ones where a number is below zero."""
    is_signed = any(number < 0 for pair in pairs for number in pair)
    data = b"".join(struct.pack("<ii" if is_signed else "<II", *pair) for pair in pairs)
    return 10 if is_signed else 5, len(pairs), data


def degrees(*parts):
    return rationals(*((part, 1) for part in parts))


def exif(main=None, details=None, gps=None):
    """An EXIF block of three directories of {tag: (type, count, bytes)}."""
    main = dict(main or {})
    size = 8 + _size(main, further=2)
    blocks = b""
    for tag, directory in ((EXIF_IFD, details or {}), (GPS_IFD, gps or {})):
        main[tag] = (4, 1, struct.pack("<I", size + len(blocks)))
        blocks += _directory(directory, size + len(blocks))
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + _directory(main, 8) + blocks


def _size(directory, further=0):
    outside = sum(len(data) + len(data) % 2 for _type, _count, data in directory.values() if len(data) > 4)
    return 2 + 12 * (len(directory) + further) + 4 + outside


def _directory(directory, start):
    entries, outside = b"", b""
    place = start + 2 + 12 * len(directory) + 4
    for tag, (kind, count, data) in sorted(directory.items()):
        value = data.ljust(4, b"\0")
        if len(data) > 4:
            value = struct.pack("<I", place + len(outside))
            outside += data + b"\0" * (len(data) % 2)
        entries += struct.pack("<HHI", tag, kind, count) + value
    return struct.pack("<H", len(directory)) + entries + struct.pack("<I", 0) + outside
