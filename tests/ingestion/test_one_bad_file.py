"""A file that no one foresaw is refused with its reason, and the files beside it come in."""

import json
import os
import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image
from pyproj import CRS

from damage.ingestion import decoding, services
from damage.ingestion.models import Scene

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]  # is about files
PLACE = ("--event", "Quake", "--town", "Altamira")
TWO_MEGABYTES_OF_ZEROS = zlib.compress(bytes(2_000_000))


def png(*, kind: bytes = b"", content: bytes = b"", shade: int = 128) -> bytes:
    """A PNG of 80 x 60 px, with one more chunk behind its header (PNG specification, section 5.3)."""
    encoded = BytesIO()
    Image.fromarray(np.full((60, 80, 3), shade, np.uint8)).save(encoded, "PNG")
    chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    header_px = 8 + 25  # signature and IHDR
    return encoded.getvalue()[:header_px] + (chunk if kind else b"") + encoded.getvalue()[header_px:]


def ingest(*paths: Path, command: str = "ingest_photos", capsys) -> dict[str, dict]:
    """What the command reports, by file name."""
    with pytest.raises(CommandError, match="Not all was done"):
        call_command(command, *map(str, paths), *PLACE, "--json")
    return {Path(file["file"]).name: file for file in json.loads(capsys.readouterr().out)["files"]}


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        (b"iCCP", b"profile\0\0" + TWO_MEGABYTES_OF_ZEROS, "too large"),
        (b"zTXt", b"key\0\0" + TWO_MEGABYTES_OF_ZEROS, "too large"),
        (b"iTXt", b"key\0\1\0\0\0" + TWO_MEGABYTES_OF_ZEROS, "too large"),
        (b"gAMA", b"", "gAMA"),
        (b"cHRM", b"", "cHRM"),
        (b"sRGB", b"", "sRGB"),
        (b"tRNS", b"", "tRNS"),
        (b"acTL", b"\0", "acTL"),
    ],
)
def test_a_png_with_an_odd_chunk_is_refused_with_what_its_reader_said(tmp_path, capsys, kind, content, words):
    (tmp_path / "b_odd.png").write_bytes(png(kind=kind, content=content))
    for name, shade in (("a.png", 1), ("c.png", 2)):
        (tmp_path / name).write_bytes(png(shade=shade))
    files = ingest(tmp_path, capsys=capsys)
    assert [file["status"] for file in files.values()] == ["added", "refused", "added"]
    assert "ValueError" in files["b_odd.png"]["reason"]
    assert words in files["b_odd.png"]["reason"]


def test_the_decoding_process_goes_on_after_an_error_that_was_told(tmp_path, capsys):
    (tmp_path / "a.png").write_bytes(png())
    (tmp_path / "b.png").write_bytes(png(kind=b"gAMA"))
    call_command("ingest_photos", str(tmp_path / "a.png"), *PLACE)
    capsys.readouterr()
    before = decoding.shared_decoder.pid
    ingest(tmp_path / "b.png", capsys=capsys)
    assert decoding.shared_decoder.pid == before


def test_a_citation_that_is_no_utf8_stops_no_other_mosaic(geotiff, capsys):
    latin_1 = CRS.from_proj4("+proj=tmerc +lon_0=-99 +k=0.9999 +x_0=500000 +ellps=GRS80").to_wkt()
    odd = geotiff("odd.tif", crs=latin_1.replace('PROJCRS["unknown"', 'PROJCRS["MEXICO ITRF2008"'))
    encoded = odd.read_bytes()
    assert b"MEXICO ITRF2008" in encoded
    odd.write_bytes(encoded.replace(b"MEXICO ITRF2008", b"M\xc9XICO ITRF2008"))
    pixels = np.full((3, 40, 60), 7, np.uint8)
    files = ingest(odd, geotiff("good.tif", pixels=pixels), command="ingest_mosaic", capsys=capsys)
    assert files["good.tif"]["status"] == "added"
    assert "coordinate system is not written in UTF-8" in files["odd.tif"]["reason"]
    assert "gdal_translate -a_srs" in files["odd.tif"]["reason"]


@pytest.mark.parametrize("command", ["ingest_photos", "ingest_mosaic"])
def test_a_name_that_is_no_utf8_is_refused_and_printed(tmp_path, capsys, command, geotiff):
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/Dami\xe1n.tif"))
    odd.write_bytes(geotiff().read_bytes())
    reason = ingest(odd, command=command, capsys=capsys)["Dami\\xe1n.tif"]["reason"]
    assert "not written in UTF-8. Rename it" in reason
    with pytest.raises(CommandError):
        call_command(command, str(odd), *PLACE)
    assert "refused" in capsys.readouterr().out.encode().decode()  # what is printed can be encoded


def test_whatever_goes_wrong_with_one_file_is_reported_with_its_type_and_logged(
    tmp_path, capsys, monkeypatch, caplog
):
    def photo_scene(path, *arguments):
        if path.name == "b.png":
            raise LookupError("what nobody thought of")
        return unbroken(path, *arguments)

    unbroken = services._photo_scene
    monkeypatch.setattr(services, "_photo_scene", photo_scene)
    for shade, name in enumerate(("a.png", "b.png", "c.png")):
        (tmp_path / name).write_bytes(png(shade=shade))
    files = ingest(tmp_path, capsys=capsys)
    assert [file["status"] for file in files.values()] == ["added", "refused", "added"]
    assert "LookupError: what nobody thought of" in files["b.png"]["reason"]
    assert "what nobody thought of" in caplog.text
    assert Scene.objects.count() == 2
