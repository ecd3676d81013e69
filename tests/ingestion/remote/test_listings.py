"""What lists of imagery say, and what hostile ones do not achieve."""

import json

import pytest

from damage.errors import Refused
from damage.ingestion.remote import listing as listing_module
from damage.ingestion.remote.addresses import RemoteFile
from damage.ingestion.remote.bucket_listings import folder_address, folders_in
from damage.ingestion.remote.listings import read_listing

BASE = "https://imagery.example/events/quake/items.json"
BUCKET = "https://noaa-eri-pds.s3.amazonaws.com/"
COG = "image/tiff; application=geotiff; profile=cloud-optimized"


def read(data, base=BASE):
    return read_listing(data if isinstance(data, bytes) else json.dumps(data).encode(), base)


# --- text -----------------------------------------------------------------------------------------------------------


def test_text_has_an_address_a_line():
    listing = read_listing(
        b"\xef\xbb\xbf# flight of 7 March\r\nhttps://imagery.example/a.tif\r\n\r\n"
        b"  http://imagery.example/pre-event/b.tif \n",
        "",
    )
    assert listing.files == [
        RemoteFile("https://imagery.example/a.tif", "a.tif"),
        RemoteFile("https://imagery.example/pre-event/b.tif", "b.tif", phase="before"),
    ]


def test_text_that_was_fetched_may_name_files_beside_it():
    listing = read_listing(b"tiles/a.tif\n../b.tif\n", "https://imagery.example/x/list.txt")
    assert [file.address for file in listing.files] == [
        "https://imagery.example/x/tiles/a.tif",
        "https://imagery.example/b.tif",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"/etc/passwd\n", "is no address"),
        (b"file:///etc/passwd\n", "is no address"),
        (b"a.tif\n", "is no address"),
        (b"hello", "is no address"),
        ("https://imagery.example/\xe9.tif\n".encode("latin-1"), "UTF-8"),
        (b"\xff\xfeh\x00", "UTF-8"),
    ],
)
def test_what_is_no_list_is_refused(content, words):
    with pytest.raises(Refused, match=words):
        read_listing(content, "")


def test_a_list_without_an_end_is_refused(monkeypatch):
    monkeypatch.setattr(listing_module, "MOST_FILES", 100)
    addresses = b"".join(b"https://imagery.example/%d.tif\n" % number for number in range(101))
    assert len(read_listing(addresses[:-1].rsplit(b"\n", 1)[0], "").files) == 100
    with pytest.raises(Refused, match="more than 100 images"):
        read_listing(addresses, "")
    with pytest.raises(Refused, match="larger than 32 MB"):
        read_listing(b"#" * (32 * 2**20 + 1), "")


# --- NOAA -----------------------------------------------------------------------------------------------------------

TILES = f"""<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>noaa-eri-pds</Name>
<Prefix>2020_Nashville_Tornado/20200307a_RGB/</Prefix><KeyCount>5</KeyCount><MaxKeys>1000</MaxKeys>
<Delimiter>/</Delimiter><IsTruncated>true</IsTruncated><NextContinuationToken>1dX/+ a=</NextContinuationToken>
<Contents><Key>2020_Nashville_Tornado/20200307a_RGB/20200307aC0852700w360900n.tif</Key>
<LastModified>2020-03-10T20:00:00.000Z</LastModified><ETag>&quot;b666937e3e66a1b2c3d4e5f6a7b8c9d0&quot;</ETag>
<Size>43412345</Size><StorageClass>STANDARD</StorageClass></Contents>
<Contents><Key>2020_Nashville_Tornado/20200307a_RGB/a b+c.tif</Key><ETag>"x-2"</ETag><Size>{"9" * 500}</Size></Contents>
<Contents><Key>2020_Nashville_Tornado/20200307a_RGB/20200307a_RGB.tif</Key><ETag>"y"</ETag><Size>7</Size></Contents>
<Contents><Key>2020_Nashville_Tornado/20200307a_RGB/20200307a_RGB.vrt</Key><ETag>"z"</ETag><Size>7</Size></Contents>
<CommonPrefixes><Prefix>2020_Nashville_Tornado/20200307a_RGB/ortho-cogs/</Prefix></CommonPrefixes>
<CommonPrefixes><Prefix>2020_Nashville_Tornado/20200307a_RGB/raw/</Prefix></CommonPrefixes>
<CommonPrefixes><Prefix>elsewhere/</Prefix></CommonPrefixes>
</ListBucketResult>""".encode()


def test_noaa_s_bucket_tells_addresses_sizes_etags_and_days():
    listing = read_listing(TILES, f"{BUCKET}?list-type=2&prefix=2020_Nashville_Tornado/20200307a_RGB/")
    folder = f"{BUCKET}2020_Nashville_Tornado/20200307a_RGB/"
    assert listing.files == [
        RemoteFile(
            f"{folder}20200307aC0852700w360900n.tif",
            "20200307aC0852700w360900n.tif",
            43_412_345,
            '"b666937e3e66a1b2c3d4e5f6a7b8c9d0"',
            taken="2020-03-07",
        ),
        RemoteFile(f"{folder}a%20b%2Bc.tif", "a b+c.tif", None, '"x-2"', taken="2020-03-07"),
    ]
    below, next_page = listing.further
    assert "prefix=2020_Nashville_Tornado%2F20200307a_RGB%2Fortho-cogs%2F" in below
    assert "continuation-token=1dX%2F%2B%20a%3D" in next_page
    assert [(left.address.split("/")[-1] or "raw", left.status) for left in listing.left_out] == [
        ("20200307a_RGB.tif", "left_out"),
        ("raw", "left_out"),
    ]


def test_where_the_bucket_lists_a_folder():
    assert folder_address(BUCKET, "2026_Pre_Event/") == (
        f"{BUCKET}?list-type=2&delimiter=%2F&prefix=2026_Pre_Event%2F"
    )
    assert folder_address(BUCKET, "").endswith("prefix=")
    assert folders_in(TILES)[-1] == "elsewhere"


BILLION_LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><ListBucketResult><Prefix>&c;</Prefix></ListBucketResult>"""
OTHER_FILES = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<ListBucketResult><Prefix>&a;</Prefix></ListBucketResult>"""


@pytest.mark.parametrize(
    "content",
    [
        BILLION_LAUGHS,
        OTHER_FILES,
        b"<ListBucketResult><Contents>",
        b"<ListBucketResult>\xff\xfe</ListBucketResult>",
        b"<ListBucketResult>&nbsp;</ListBucketResult>",
        b'<?xml version="1.0" encoding="no-such"?><ListBucketResult></ListBucketResult>',
    ],
)
def test_xml_that_is_broken_or_a_trap_is_refused(content):
    with pytest.raises(Refused, match="no XML that can be read"):
        read_listing(content, BUCKET)


def test_a_bucket_s_keys_never_name_another_host_or_folder_of_ours():
    keys = [
        "../../../etc/cron.d/job.tif", "//evil.example/a.tif", "https://evil.example/b.tif", "a/?x=.tif",
        "#.tif", "@evil.example/c.tif",
    ]  # fmt: skip
    entries = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys)
    listing = read_listing(f"<ListBucketResult>{entries}</ListBucketResult>".encode(), BUCKET)
    assert {file.address.split("/")[2] for file in listing.files} == {"noaa-eri-pds.s3.amazonaws.com"}
    assert [file.name for file in listing.files] == ["job.tif", "a.tif", "b.tif", "?x=.tif", "#.tif", "c.tif"]


PAGE = b"""<!DOCTYPE html><html><head><title>Hurricane IDA Imagery</title></head><body><h1>Downloads \xe9</h1>
<a href="?C=N;O=D">Name</a> <a href="/">up</a> <a href="../">Parent</a> <a href="20210830a_RGB/">flight</a>
<a href='https://stormscdn.ngs.noaa.gov/downloads/20210830a_RGB.tar'>TAR</a>
<A HREF="20210830aC0900000w291500n.tif">tile</A> <a href="20210830aC0900000w291500n.tif">again</a>
<a href="JavaScript:alert(1)">x</a> <a href="mailto:a@b.example">y</a> <a>z</a> <a href="http://[">w</a>
<a href="https://evil.example/folder/">v</a> <img src="logo.png">"""


def test_pages_of_links_name_images_and_folders_below():
    base = "https://imagery.example/storms/ida/index.html"
    listing = read_listing(PAGE, base)
    assert listing.files == [
        RemoteFile(
            "https://imagery.example/storms/ida/20210830aC0900000w291500n.tif",
            "20210830aC0900000w291500n.tif",
            taken="2021-08-30",
        )
    ]
    assert listing.further == ["https://imagery.example/storms/ida/20210830a_RGB/"]
    assert [left.address for left in listing.left_out] == [
        "https://stormscdn.ngs.noaa.gov/downloads/20210830a_RGB.tar"
    ]


# --- STAC -----------------------------------------------------------------------------------------------------------


def item(number=1, **changes):
    """As Maxar's: files of one acquisition have one name in all folders."""
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": f"37/03110120321{number}/10300100E3F8E600",
        "properties": {"datetime": "2023-02-08T08:25:38Z", "gsd": 0.36},
        "geometry": None,
        "links": [{"rel": "self", "href": "item.json"}, {"rel": "collection", "href": "../collection.json"}],
        "assets": {
            "visual": {"href": f"./{number}/10300100E3F8E600-visual.tif", "type": COG, "roles": ["visual"]},
            "data-mask": {
                "href": "./mask.gpkg",
                "type": "application/geopackage+sqlite3",
                "roles": ["data-mask"],
            },
            "ms_analytic": {"href": "./ms.tif", "type": COG, "roles": ["data"]},
            "pan_analytic": {"href": "./pan.tif", "type": COG, "roles": ["data"]},
        },
    } | changes


def test_an_item_stands_for_its_picture_in_colours():
    (file,) = read(item()).files
    assert file == RemoteFile(
        "https://imagery.example/events/quake/1/10300100E3F8E600-visual.tif",
        "37-031101203211-10300100E3F8E600.tif",
        taken="2023-02-08T08:25:38+00:00",
    )


def test_size_and_digest_of_the_file_extension_are_kept():
    digest = "ab" * 32
    asset = {
        "href": "a.tif",
        "type": COG,
        "roles": ["data"],
        "file:size": 146484,
        "file:checksum": "1220" + digest,
    }
    (file,) = read(item(assets={"image": asset})).files
    assert (file.size_bytes, file.digest) == (146_484, f"sha256:{digest}")
    (file,) = read(item(assets={"image": asset | {"file:checksum": "d50110" + "cd" * 16}})).files
    assert file.digest == "md5:" + "cd" * 16


@pytest.mark.parametrize(
    "odd",
    [
        {"file:size": -1}, {"file:size": "12"}, {"file:size": True}, {"file:size": 1e300}, {"file:size": 10**30},
        {"file:checksum": "1220ab"}, {"file:checksum": 5}, {"file:checksum": "zz" * 34},
        {"file:checksum": "1114" + "ab" * 20}, {"roles": "visual"}, {"roles": [5, None, {}]},
    ],
)  # fmt: skip
def test_odd_facts_are_taken_for_unknown(odd):
    (file,) = read(item(assets={"image": {"href": "a.tif", "type": COG} | odd})).files
    assert (file.size_bytes, file.digest) == (None, "")


@pytest.mark.parametrize(
    "assets",
    [
        {},
        {"ms": {"href": "ms.tif", "type": COG}, "pan": {"href": "pan.tif", "type": COG}},
        {"thumbnail": {"href": "a.png", "type": "image/png", "roles": ["thumbnail"]}},
        {"visual": {"href": 5, "type": COG}},
        {"visual": "https://imagery.example/a.tif"},
        {"visual": {"href": "a.jp2", "type": "image/jp2"}},
    ],
)
def test_an_item_without_one_such_picture_is_left_out_and_said(assets):
    listing = read(item(assets=assets))
    assert listing.files == []
    assert "natural colours" in str(listing.left_out[0].reason)


def test_collections_of_items_and_catalogues_lead_on():
    collection = {
        "type": "FeatureCollection",
        "features": [item(1), item(2), {"type": "Feature", "geometry": None}, 7],
        "links": [
            {"rel": "next", "href": "https://imagery.example/search?page=2"},
            {"rel": "prev", "href": "https://imagery.example/search?page=0"},
            {"rel": "next", "method": "POST", "href": "https://imagery.example/search"},
            "next", {"rel": "next"}, {"rel": ["next"], "href": "x"},
        ],
    }  # fmt: skip
    listing = read(collection)
    assert len(listing.files) == 2
    assert listing.further == ["https://imagery.example/search?page=2"]
    assert [str(left.reason) for left in listing.left_out] == [
        "It is no STAC item.", "It is no STAC item.", "Its next page has to be asked for by POST.",
    ]  # fmt: skip
    catalogue = {
        "type": "Collection",
        "stac_version": "1.0.0",
        "id": "quake",
        "links": [
            {"rel": "root", "href": "../catalog.json"},
            {"rel": "child", "href": "./ard/acquisition_collections/1_collection.json"},
            {"rel": "item", "href": "./1.json"},
            {"rel": "license", "href": "https://imagery.example/licence"},
        ],
    }
    assert read(catalogue).further == [
        "https://imagery.example/events/quake/ard/acquisition_collections/1_collection.json",
        "https://imagery.example/events/quake/1.json",
    ]


# --- OpenAerialMap --------------------------------------------------------------------------------------------------

RECORD = {
    "_id": "59e62beb3d6412ef72209353",
    "uuid": "http://oin-hotosm.s3.amazonaws.com/59e62b/0/59e62b9a3d6412ef7220a51f.tif",
    "title": "Jojutla\x1b[31m",
    "platform": "uav",
    "gsd": 0.035,
    "file_size": 146_484_123,
    "acquisition_start": "2017-09-22T15:00:00.000Z",
    "provider": "Mexico",
    "geojson": {},
}


@pytest.mark.parametrize(
    "data", [RECORD, [RECORD], {"results": [RECORD]}, {"meta": {"found": 1}, "results": RECORD}]
)
def test_records_of_openaerialmap_name_their_image(data):
    assert read(data).files == [
        RemoteFile(
            "https://oin-hotosm.s3.amazonaws.com/59e62b/0/59e62b9a3d6412ef7220a51f.tif",
            "59e62b9a3d6412ef7220a51f.tif",
            146_484_123,
            taken="2017-09-22T15:00:00+00:00",
        )
    ]


def test_a_record_that_is_none_does_not_stop_the_others():
    listing = read({"results": [5, None, {"uuid": 5}, {}, {"uuid": "https://imagery.example:x/"}, RECORD]})
    assert len(listing.files) == 1
    assert {left.status for left in listing.left_out} == {"refused"}


# --- hostile JSON ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"{", b"[1, 2", b"{}", b"[]", b"[[]]", b"[5]", b"[null]", b'{"type": "Feature"}', b'{"results": "x"}',
        b'{"type": "Collection"}', b'{"uuid": 5}', b'{"type": ["Feature"], "assets": {}}',
        b"[" * 100_000, b'{"a":' * 100_000, b"[" * 400 + b"]" * 400, b'[{"a": ' + b"9" * 10_000 + b"}]",
        b'{"type": "Feature", "assets": {"\xff": 1}}',
    ],
)  # fmt: skip
def test_json_of_no_known_kind_is_refused_with_a_reason(content):
    with pytest.raises(Refused):
        read_listing(content, BASE)


def test_names_and_addresses_in_lists_do_no_harm():
    """A list may name any host or file: the address is checked when it is fetched; the name is ours."""
    hrefs = [
        "https://evil.example/a.tif",
        "//evil.example/b.tif",
        "file:///etc/passwd.tif",
        "../../../../c.tif",
        "/d.tif",
        "data:image/tiff;base64,AAAA.tif",
        "https://u:p@imagery.example/e.tif",
    ]
    features = [
        item(id=f"../../../x{number}\x00\x1b[2J", assets={"visual": {"href": href, "type": COG}})
        for number, href in enumerate(hrefs)
    ]
    listing = read({"type": "FeatureCollection", "features": features})
    assert len(listing.files) == len(hrefs)
    for file in listing.files:
        assert file.name.isprintable()
        assert "/" not in file.name
        assert not file.name.startswith(".")


def test_what_is_said_of_strangers_words_can_be_printed():
    listing = read(
        {"type": "FeatureCollection", "features": [item(id="\x1b]0;owned\x07\u202e" + "x" * 9999, assets={})]}
    )
    (left,) = listing.left_out
    assert left.address.isprintable()
    assert len(left.address) <= 300
