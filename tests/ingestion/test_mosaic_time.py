"""When an orthomosaic was taken: dates in names of agencies' and drones' files, and in tags."""

from datetime import UTC, datetime

import pytest

from damage.errors import Refused
from damage.ingestion.mosaic_time import mosaic_time, parsed_time, time_of_name


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("20170919bC0965200w170300n.tif", datetime(2017, 9, 19)),  # NOAA
        ("20170919_Juchitan.tif", datetime(2017, 9, 19)),
        ("kahramanmaras_2023-02-08.tif", datetime(2023, 2, 8)),
        ("ortho 2023.02.08 final.tif", datetime(2023, 2, 8)),
        ("2023_02_08T101530Z_mosaic.tif", datetime(2023, 2, 8, 10, 15, 30)),
        ("20230208_101530_ssc4_u0001_visual.tif", datetime(2023, 2, 8, 10, 15, 30)),  # Planet SkySat
        ("DJI_20230208101530_0001.tif", datetime(2023, 2, 8, 10, 15, 30)),
        ("202302081015_001.tif", None),  # twelve digits may be anything
        ("odm_orthophoto.tif", None),
        ("20231302_x.tif", None),
        ("before_2020-01-01_after_2023-02-08.tif", None),
        ("2023-02-08_to_2023-02-08.tif", datetime(2023, 2, 8)),
        ("10300100E1B9D900-visual.tif", None),
        ("19450601_aerial.tif", None),  # not believed before 1970
        ("29991231_x.tif", None),
        ("EPSG32637_1234567.tif", None),
    ],
)
def test_a_name_with_one_date_says_when(name, moment):
    assert time_of_name(name) == (moment and moment.replace(tzinfo=UTC))


DAY = datetime(2023, 2, 8, tzinfo=UTC)
ACQUIRED = "2023-02-07T10:00:00+03:00"
WRITTEN = "2023:03:01 12:00:00"


@pytest.mark.parametrize(
    ("name", "acquired", "written", "expected"),
    [
        ("20230208_a.tif", ACQUIRED, WRITTEN, (datetime(2023, 2, 7, 7, tzinfo=UTC), "tags")),
        ("20230208_a.tif", "", WRITTEN, (DAY, "name")),
        ("a.tif", "", WRITTEN, (datetime(2023, 3, 1, 12, tzinfo=UTC), "file")),
        ("a.tif", "0001-01-01T00:00:00+03:00", "", (None, "")),
        ("a.tif", "", "0000:00:00 00:00:00", (None, "")),
        ("a.tif", "", "yesterday", (None, "")),
        ("a.tif", "", "", (None, "")),
    ],
)
def test_the_acquisition_goes_before_the_name_and_the_name_before_the_files_own_date(
    name, acquired, written, expected
):
    assert mosaic_time(name, acquired=acquired, written=written) == expected


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2023-02-08", DAY),
        ("20230208", DAY),
        ("2023-02-08T10:15+03:00", datetime(2023, 2, 8, 7, 15, tzinfo=UTC)),
        (" 2023-02-08 10:15 ", datetime(2023, 2, 8, 10, 15, tzinfo=UTC)),
    ],
)
def test_people_write_dates_and_times(text, moment):
    assert parsed_time(text) == moment


@pytest.mark.parametrize(
    "text", ["", "yesterday", "08/02/2023", "0001-01-01", "2999-01-01", "2023-02-30", "x" * 500]
)
def test_what_is_no_such_date_is_refused(text):
    with pytest.raises(Refused, match="no date on which"):
        parsed_time(text)
