"""`fetch_noaa`, from the command to the row: only the wire to the internet leads to this machine."""

import errno
import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from damage.ingestion import services as ingestion
from damage.ingestion.models import FetchedSource, Scene
from damage.ingestion.remote import services
from damage.ingestion.remote.hosts import open_client
from tests.ingestion.remote.conftest import PUBLIC
from tests.ingestion.remote.imagery_server import cut_after, status, swap

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fetch_hosts", "naps", "online")]

PLACE = ("--event", "Nashville 2020", "--town", "Germantown")
FLIGHT = "2020_Nashville_Tornado/20200307a_RGB"
TILE = "20200307aC0852700w360900n.tif"
OTHER_TILE = "20200307aC0852700w361030n.tif"
LISTED_AT = "/?list-type=2&delimiter=%2F&prefix="
NOAA = "https://noaa-eri-pds.s3.amazonaws.com/"


@pytest.fixture
def online(monkeypatch, wire):
    monkeypatch.setattr(
        services,
        "open_client",
        lambda hosts: open_client(hosts, resolve=lambda name: [PUBLIC], inner=wire, stall_s=0.3),
    )


@pytest.fixture
def image(geotiff):
    """The bytes of a GeoTIFF, others for each seed."""

    def write(seed):
        pixels = np.random.default_rng(seed).integers(1, 255, (3, 40, 60), dtype=np.uint8)
        return geotiff("made.tif", pixels=pixels).read_bytes()

    return write


@pytest.fixture
def bucket(host, image):
    """NOAA's bucket with one event, of one flight with two tiles."""

    def entry(tag, key, size=0, etag=""):
        facts = f"<Key>{key}</Key><Size>{size}</Size><ETag>{etag}</ETag>" if tag == "Contents" else ""
        return f"<{tag}>{facts or f'<Prefix>{key}</Prefix>'}</{tag}>"

    def lists(prefix, *entries):
        head = f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Prefix>{prefix}</Prefix>'
        body = head + "".join(entries) + "</ListBucketResult>"
        host.put(LISTED_AT + prefix.replace("/", "%2F"), body.encode())

    tiles = {f"{FLIGHT}/{TILE}": image(1), f"{FLIGHT}/{OTHER_TILE}": image(2)}
    for key, content in tiles.items():
        host.put(f"/{key}", content, etag=f'"{key[-9:]}"')
    lists(
        f"{FLIGHT}/",
        *(entry("Contents", key, len(content), f'"{key[-9:]}"') for key, content in tiles.items()),
        entry("CommonPrefixes", f"{FLIGHT}/raw/"),
    )
    lists("2020_Nashville_Tornado/", entry("CommonPrefixes", f"{FLIGHT}/"))
    lists("2020_Nashvile/")
    lists(
        "",
        *(
            entry("CommonPrefixes", f"{name}/")
            for name in ("2011_Joplin_Tornado", "2020_Nashville_Tornado", "2026_Pre_Event")
        ),
    )
    return host


def run(capsys, *arguments, fails=False):
    """What the command tells as JSON."""
    if fails:
        with pytest.raises(CommandError):
            call_command("fetch_noaa", *arguments, "--json")
    else:
        call_command("fetch_noaa", *arguments, "--json")
    return json.loads(capsys.readouterr().out)


def fetched_images(host):
    return [asked.path for asked in host.asked if asked.path.endswith((".tif", ".jpg"))]


def test_an_event_of_noaa_s_comes_in_with_where_it_came_from(bucket, capsys, data_folder):
    result = run(capsys, "2020_Nashville_Tornado", *PLACE)
    assert (result["added"], result["refused"], result["left_out"]) == (2, 0, 1)
    scene = Scene.objects.get(name=TILE)
    assert (str(scene.town), str(scene.town.event), scene.kind) == ("Germantown", "Nashville 2020", "mosaic")
    assert scene.path.read_bytes() == bucket.things[f"/{FLIGHT}/{TILE}"].content
    # The list tells a day, and no moment; the name tells the day as well.
    assert (scene.captured_at, scene.captured_from) == (datetime(2020, 3, 7, tzinfo=UTC), "name")
    source = scene.fetched_sources.get()
    assert source.address == f"{NOAA}{FLIGHT}/{TILE}"
    assert (source.etag, source.size_bytes) == ('"0900n.tif"', scene.size_bytes)
    assert (source.sha256, source.taken, source.phase) == (scene.sha256, "2020-03-07", "")
    assert list((data_folder / "fetches").glob("*")) == []
    call_command("show", "scene", str(scene.pk))
    assert f"fetched from: {NOAA}{FLIGHT}/{TILE}" in capsys.readouterr().out


def test_what_the_list_tells_to_be_there_is_not_asked_for_again(bucket, capsys):
    run(capsys, "2020_Nashville_Tornado", *PLACE)
    bucket.asked.clear()
    result = run(capsys, "2020_Nashville_Tornado", *PLACE)
    assert (result["added"], result["already"], result["ok"]) == (0, 2, True)
    assert fetched_images(bucket) == []
    assert {file["scene"] for file in result["files"]} - {None} == set(
        Scene.objects.values_list("pk", flat=True)
    )


def test_an_address_alone_is_asked_for_under_a_condition(bucket, capsys):
    address = f"{NOAA}{FLIGHT}/{TILE}"
    run(capsys, address, *PLACE)
    assert run(capsys, address, *PLACE)["already"] == 1
    assert [asked.if_none_match for asked in bucket.asked] == ["", '"0900n.tif"']


def test_another_version_comes_in_beside_the_first(bucket, capsys, image):
    address = f"{NOAA}{FLIGHT}/{TILE}"
    run(capsys, address, *PLACE)
    bucket.fail(f"/{FLIGHT}/{TILE}", swap(image(3), '"v2"'))
    assert run(capsys, address, *PLACE)["added"] == 1
    assert run(capsys, address, *PLACE)["already"] == 1
    assert [source.etag for source in FetchedSource.objects.filter(address=address)] == [
        '"v2"',
        '"0900n.tif"',
    ]


def test_the_same_bytes_at_another_address_are_one_scene_from_two_places(host, image, capsys):
    for path in ("/a.tif", "/b.tif"):
        host.put(path, image(1))
        run(capsys, f"https://imagery.example{path}", *PLACE)
    assert Scene.objects.get().fetched_sources.count() == 2
    host.asked.clear()
    run(capsys, "https://imagery.example/b.tif", *PLACE)
    assert host.asked[0].if_none_match == '"v1"'


def test_one_bad_address_does_not_stop_the_rest(host, image, tmp_path, capsys, data_folder):
    host.put("/good.tif", image(1))
    host.put("/broken.tif", b"no image at all")
    host.put("/busy.tif", image(2))
    host.fail("/busy.tif", *[status(503)] * 20)
    host.fail("/away.tif", status(302, Location="http://169.254.169.254/latest/meta-data/"))
    names = ("broken.tif", "missing.tif", "busy.tif", "away.tif", "good.tif")
    hosts = ("https://imagery.example/",) * 5
    (tmp_path / "list.txt").write_text(
        "\n".join(
            [f"{where}{name}" for where, name in zip(hosts, names, strict=True)]
            + ["https://evil.example/x.tif"]
        )
    )
    result = run(capsys, str(tmp_path / "list.txt"), *PLACE, fails=True)
    assert (result["ok"], result["added"], result["refused"]) == (False, 1, 5)
    said = {file["file"].rsplit("/", 1)[-1]: file["reason"] for file in result["files"]}
    assert "It is not an image that can be read" in said["broken.tif"]
    assert "nothing at this address (404)" in said["missing.tif"]
    assert "too busy" in said["busy.tif"]
    assert "169.254.169.254" in said["away.tif"]
    assert "evil.example" in said["x.tif"]
    assert said["good.tif"] == ""
    assert Scene.objects.get().name == "good.tif"
    assert list((data_folder / "fetches").iterdir()) == []


def test_ctrl_c_keeps_what_is_here_and_the_next_call_goes_on(host, image, capsys, monkeypatch):
    content = image(1)
    host.put("/a.tif", content)
    host.fail("/a.tif", cut_after(3000))

    def interrupted(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("damage.ingestion.remote.asking.sleep", interrupted)
    with pytest.raises(CommandError, match="Interrupted"):
        call_command("fetch_noaa", "https://imagery.example/a.tif", *PLACE)
    assert not Scene.objects.exists()
    assert run(capsys, "https://imagery.example/a.tif", *PLACE)["added"] == 1
    assert host.asked[-1].range == "bytes=3000-"
    assert Scene.objects.get().path.read_bytes() == content


def test_a_whole_file_outlasts_a_full_disk(host, image, capsys, monkeypatch):
    """It is taken in by the next call, and not fetched again."""
    host.put("/a.tif", image(1))
    real = ingestion.decode_mosaic_view

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ingestion, "decode_mosaic_view", full)
    result = run(capsys, "https://imagery.example/a.tif", *PLACE, fails=True)
    assert "disk is full" in result["files"][0]["reason"]
    monkeypatch.setattr(ingestion, "decode_mosaic_view", real)
    assert run(capsys, "https://imagery.example/a.tif", *PLACE)["added"] == 1
    assert host.asked[-1].if_none_match == '"v1"'


def test_without_its_origin_neither_row_nor_file_stays(host, image, capsys, monkeypatch, data_folder):
    host.put("/a.tif", image(1))

    def broken(scene, origin):
        raise RuntimeError("no origin")

    monkeypatch.setattr(ingestion, "record_origin", broken)
    result = run(capsys, "https://imagery.example/a.tif", *PLACE, fails=True)
    assert "no origin" in result["files"][0]["reason"]
    assert not Scene.objects.exists()
    assert [path for path in (data_folder / "files").rglob("*") if path.is_file()] == []


def test_a_file_of_another_town_is_refused_before_it_is_fetched(bucket, capsys):
    run(capsys, "2020_Nashville_Tornado", *PLACE)
    bucket.asked.clear()
    result = run(
        capsys, "2020_Nashville_Tornado", "--event", "Nashville 2020", "--town", "Five Points", fails=True
    )
    assert result["refused"] == 2
    assert "Germantown" in result["files"][0]["reason"]
    assert fetched_images(bucket) == []


def test_only_so_many_that_are_not_there_yet(bucket, capsys):
    first = run(capsys, FLIGHT, *PLACE, "--limit", "1")
    second = run(capsys, FLIGHT, *PLACE, "--limit", "1")
    assert (first["added"], second["added"], second["already"]) == (1, 1, 1)
    with pytest.raises(CommandError, match="negative"):
        call_command("fetch_noaa", FLIGHT, *PLACE, "--limit", "-1")


def test_the_list_alone_fetches_nothing(bucket, capsys):
    sizes = [len(bucket.things[f"/{FLIGHT}/{name}"].content) for name in (TILE, OTHER_TILE)]
    result = run(capsys, "2020_Nashville_Tornado", "--list-only")
    assert [(file["name"], file["size_bytes"], file["taken"]) for file in result["to_fetch"]] == [
        (TILE, sizes[0], "2020-03-07"),
        (OTHER_TILE, sizes[1], "2020-03-07"),
    ]
    assert (result["known_bytes"], result["unknown_sizes"], result["there"]) == (sum(sizes), 0, 0)
    assert fetched_images(bucket) == []
    call_command("fetch_noaa", "2020_Nashville_Tornado", "--list-only")
    assert "2 to fetch (0.00 GB), 0 already there" in capsys.readouterr().out
    assert not Scene.objects.exists()


def test_an_event_that_noaa_does_not_have_is_answered_with_those_that_are_like_it(bucket, capsys):
    result = run(capsys, "2020_Nashvile", *PLACE, fails=True)
    assert "Among its events are: 2020_Nashville_Tornado" in result["files"][0]["reason"]
    for source in ("what is this", "/", "..", "a/../../b", "x y" * 5000):
        result = run(capsys, source, *PLACE, fails=True)
        assert "no name of an event" in result["files"][0]["reason"]


def test_a_stac_item_brings_its_time_and_name(host, image, capsys):
    item = {
        "type": "Feature", "stac_version": "1.0.0", "id": "37/031101203211/10300100E3F8E600",
        "properties": {"datetime": "2023-02-08T08:25:38Z"}, "links": [],
        "assets": {"visual": {"href": "./pre-event/v.tif", "type": "image/tiff; application=geotiff"}},
    }  # fmt: skip
    collection = {
        "type": "Collection", "stac_version": "1.0.0", "links": [{"rel": "item", "href": "./x/item.json"}],
    }  # fmt: skip
    host.put("/collection.json", json.dumps(collection).encode())
    host.put("/x/item.json", json.dumps(item).encode())
    host.put("/x/pre-event/v.tif", image(1))
    run(capsys, "https://imagery.example/collection.json", *PLACE)
    scene = Scene.objects.get()
    assert scene.name == "37-031101203211-10300100E3F8E600.tif"
    assert (scene.captured_at, scene.captured_from) == (datetime(2023, 2, 8, 8, 25, 38, tzinfo=UTC), "list")
    assert scene.fetched_sources.get().phase == "before"
    assert scene.role == "before"


def test_lists_that_lead_to_each_other_end(host, image, capsys):
    def catalogue(*links):
        kinds = [{"rel": "child", "href": link} for link in links]
        return json.dumps({"type": "Catalog", "stac_version": "1.0.0", "links": kinds}).encode()

    host.put("/a.json", catalogue("/b.json", "/a.json", "https://evil.example/c.json"))
    host.put("/b.json", catalogue("/a.json", "/b.json", "/gone.json"))
    result = run(capsys, "https://imagery.example/a.json", *PLACE, fails=True)
    assert sorted(file["file"] for file in result["files"]) == [
        "https://evil.example/c.json",
        "https://imagery.example/gone.json",
    ]
    assert [asked.path for asked in host.asked] == ["/a.json", "/b.json", "/gone.json"]


def test_photos_come_in_as_photos(host, photo, capsys):
    host.put("/DJI_0001.JPG", photo().read_bytes())
    run(capsys, "https://imagery.example/DJI_0001.JPG", *PLACE)
    assert Scene.objects.get().kind == "photo"


def test_without_hosts_that_the_site_allows_nothing_is_asked(host, settings):
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, fetch_hosts=())
    with pytest.raises(CommandError, match="DAMAGE_FETCH_HOSTS=noaa"):
        call_command("fetch_noaa", "https://imagery.example/a.tif", *PLACE)
    assert host.asked == []


def test_where_it_is_to_come_to_must_be_said(host):
    with pytest.raises(CommandError, match="--event and --town"):
        call_command("fetch_noaa", "https://imagery.example/a.tif", "--event", "Quake")
    with pytest.raises(CommandError, match="no name for an event or a town"):
        call_command("fetch_noaa", "https://imagery.example/a.tif", "--event", "!", "--town", "x")
    assert host.asked == []
