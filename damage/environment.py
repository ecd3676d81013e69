"""What is configured from outside: every environment variable, its meaning, and the refusal of bad values."""

import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import dj_database_url

BASE_DIR = Path(__file__).resolve().parent.parent


class BadSetting(SystemExit):
    """A variable whose value cannot be used; start-up ends with the reason."""


@dataclass(frozen=True)
class Variable:
    """One environment variable, as `docs/configuration.md` lists it."""

    name: str
    default: str
    meaning: str


VARIABLES = (
    Variable("DAMAGE_DEBUG", "0", "1 for development and the demo on one's own machine, 0 otherwise"),
    Variable("DAMAGE_SECRET_KEY", "", "at least 32 random characters; needed unless DAMAGE_DEBUG=1"),
    Variable("DAMAGE_ALLOWED_HOSTS", "127.0.0.1,localhost", "host names that the site answers to, by commas"),
    Variable("DAMAGE_HTTPS", "0", "1 when the site is reached over HTTPS: secure cookies, HSTS, redirect"),
    Variable(
        "DAMAGE_PROXIES",
        "0",
        "how many proxies of yours stand before the site and append to X-Forwarded-For; log-in limits need it",
    ),
    Variable("DAMAGE_DATA", "data", "folder for the database, imagery, models and exports"),
    Variable("DATABASE_URL", "", "postgres://user:password@host/name; SQLite in the data folder when empty"),
    Variable("DAMAGE_LANGUAGE", "en", "language shown before a person chooses one: en or es"),
    Variable("DAMAGE_TIME_ZONE", "UTC", "time zone in which times are shown"),
    Variable(
        "DAMAGE_MAX_PHOTO_MPX", "200", "megapixels above which a photo is refused (decompression bombs)"
    ),
    Variable("DAMAGE_WEIGHTS", "", "folder with keras.applications weight files, for use without internet"),
    Variable("DAMAGE_GEOCODER", "offline", "offline (built-in gazetteer) or nominatim (asks OpenStreetMap)"),
    Variable(
        "DAMAGE_FETCH_HOSTS",
        "",
        "hosts that fetch_noaa may fetch imagery from, by commas (.map.example: with all below it); none when empty",
    ),
    Variable("DAMAGE_THREADS", "0", "processor threads for inference; 0 for all"),
    Variable(
        "DAMAGE_TEST_TOWNS",
        "",
        "event/town (as in addresses), by commas: no model learns from these towns, and models are compared on them",
    ),
    Variable("DAMAGE_DASK", "", "tcp:// or tls:// address of a Dask scheduler that predictions are done on"),
)
_DEFAULTS = {variable.name: variable.default for variable in VARIABLES}

DEVELOPMENT_KEY = "for-development-only-never-for-a-real-site"
# A name, an IPv4 address, an IPv6 address in brackets, or a domain with all below it.
_HOST = re.compile(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", re.IGNORECASE)
# A domain name as others publish under, or with a leading dot all below it; no digits alone, no machine's own name.
_REMOTE_HOST = re.compile(r"\.?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
# From this likeness on a name is taken for one of ours, misspelt (1 is the same).
_ALIKE = 0.9
_LONGEST_NUMBER = 9


@dataclass(frozen=True)
class Environment:
    """The variables after checking; its repr, which pages for developers show, keeps the secrets."""

    debug: bool
    secret_key: str = field(repr=False)
    allowed_hosts: list[str]
    https: bool
    proxies: int
    data_dir: Path
    database_url: str = field(repr=False)
    language: str
    time_zone: str
    max_photo_mpx: int
    weights_dir: Path | None
    geocoder: str
    fetch_hosts: tuple[str, ...]
    threads: int
    test_towns: tuple[str, ...]
    dask: str


def read_environment(environ: Mapping[str, str]) -> Environment:
    """Check every variable in `environ`; raise `BadSetting` naming the first that cannot be used."""
    _refuse_unknown(environ)
    debug = _flag(environ, "DAMAGE_DEBUG")
    weights = _text(environ, "DAMAGE_WEIGHTS")
    return Environment(
        debug=debug,
        secret_key=_secret_key(environ, debug=debug),
        allowed_hosts=_allowed_hosts(environ, debug=debug),
        https=_flag(environ, "DAMAGE_HTTPS"),
        proxies=_whole_number(environ, "DAMAGE_PROXIES", least=0),
        data_dir=_data_dir(environ),
        database_url=_database_url(environ),
        language=_choice(environ, "DAMAGE_LANGUAGE", ("en", "es")),
        time_zone=_time_zone(environ),
        max_photo_mpx=_whole_number(environ, "DAMAGE_MAX_PHOTO_MPX", least=1),
        weights_dir=_folder("DAMAGE_WEIGHTS", weights) if weights else None,
        geocoder=_choice(environ, "DAMAGE_GEOCODER", ("offline", "nominatim")),
        fetch_hosts=_fetch_hosts(environ),
        threads=_whole_number(environ, "DAMAGE_THREADS", least=0),
        test_towns=_test_towns(environ),
        dask=_dask_address(environ),
    )


def misspelt(environ: Mapping[str, str]) -> dict[str, str]:
    """Names outside our own that look like one of ours, with that one, where it is not set itself."""
    ours = [name for name in _DEFAULTS if name not in environ]
    others = (name for name in environ if name not in _DEFAULTS)
    return {name: near for name in others if (near := _nearest(name.upper(), ours, _ALIKE))}


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    """A setting that is silently ignored may be one that was to keep strangers out."""
    for name in environ:
        if name.upper().startswith("DAMAGE_") and name not in _DEFAULTS:
            near = _nearest(name.upper(), _DEFAULTS, 0)
            raise BadSetting(
                f"{name} is no setting of Damage. Did you mean {near}? Correct it, or unset it "
                "(docs/configuration.md lists all)."
            )


def _nearest(name: str, names: Collection[str], least: float) -> str:
    return next(iter(get_close_matches(name, names, 1, least)), "")


def _text(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, _DEFAULTS[name]).strip()


def _flag(environ: Mapping[str, str], name: str) -> bool:
    return _choice(environ, name, ("0", "1")) == "1"


def _choice(environ: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    value = _text(environ, name)
    if value not in choices:
        raise BadSetting(f"{name} is {value!r}; it must be one of: {', '.join(choices)}.")
    return value


def _whole_number(environ: Mapping[str, str], name: str, *, least: int) -> int:
    value = _text(environ, name)
    if not value.isdecimal() or len(value) > _LONGEST_NUMBER or int(value) < least:
        raise BadSetting(f"{name} is {value!r}; it must be a whole number of at least {least}.")
    return int(value)


def _folder(name: str, value: str) -> Path:
    path = Path(value).resolve()
    if not path.is_dir():
        raise BadSetting(f"{name} is {value!r}, which is not a folder; create it or correct the path.")
    return path


def _allowed_hosts(environ: Mapping[str, str], *, debug: bool) -> list[str]:
    hosts = [host.strip() for host in _text(environ, "DAMAGE_ALLOWED_HOSTS").split(",") if host.strip()]
    if debug:
        return hosts
    if not hosts:
        raise BadSetting("DAMAGE_ALLOWED_HOSTS is empty, so nobody could reach the site; name its hosts.")
    if "*" in hosts:
        raise BadSetting(
            "DAMAGE_ALLOWED_HOSTS is '*', with which strangers choose the host name that the site writes into its "
            "links; name its hosts, such as map.example or 192.168.1.20."
        )
    if wrong := [host for host in hosts if not _HOST.fullmatch(host)]:
        raise BadSetting(
            f"DAMAGE_ALLOWED_HOSTS names {wrong[0]!r}, which no address matches; write the name alone, without "
            "http://, port or path: map.example, 192.168.1.20, [2001:db8::1], or .map.example with all below it."
        )
    return hosts


def _fetch_hosts(environ: Mapping[str, str]) -> tuple[str, ...]:
    given = _text(environ, "DAMAGE_FETCH_HOSTS").split(",")
    hosts = tuple(host.strip().lower() for host in given if host.strip())
    if wrong := [host for host in hosts if not _REMOTE_HOST.fullmatch(host)]:
        raise BadSetting(
            f"DAMAGE_FETCH_HOSTS names {wrong[0]!r}; write full names, without https://, port or path: "
            "noaa-eri-pds.s3.amazonaws.com, or .map.example with all below it. Numbers and local names are refused."
        )
    return hosts


def _data_dir(environ: Mapping[str, str]) -> Path:
    value = _text(environ, "DAMAGE_DATA")
    if not value:
        raise BadSetting("DAMAGE_DATA is empty; name a folder, or unset it for the folder 'data'.")
    folder = (BASE_DIR / value).resolve()
    if BASE_DIR.is_relative_to(folder):
        raise BadSetting(
            f"DAMAGE_DATA is {value!r}, which holds the program itself; name a folder of its own."
        )
    return folder


def _time_zone(environ: Mapping[str, str]) -> str:
    value = _text(environ, "DAMAGE_TIME_ZONE")
    if not _is_time_zone(value):
        by_folded = {name.casefold(): name for name in available_timezones()}
        near = by_folded.get(_nearest(value.casefold(), by_folded, 0.6), "America/Mexico_City")
        raise BadSetting(f"DAMAGE_TIME_ZONE is {value!r}, which is no time zone; write it as in {near}.")
    return value


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    # Django also sets the system's clock by it, and looks here.
    system = Path("/usr/share/zoneinfo")
    return not hasattr(time, "tzset") or not system.is_dir() or (system / name).is_file()


def _database_url(environ: Mapping[str, str]) -> str:
    value = _text(environ, "DATABASE_URL")
    if not value:
        return value
    if not value.startswith(("postgres://", "postgresql://")):
        raise BadSetting("DATABASE_URL must begin with postgres://, or be empty for SQLite.")
    try:
        named = bool(dj_database_url.parse(value)["NAME"])
    except ValueError:
        named = False
    if not named:  # the value is not repeated: it may hold a password
        raise BadSetting(
            "DATABASE_URL cannot be read; write postgres://user:password@host/name, and signs such as @ : / # ? % in "
            "the password as %40 %3A %2F %23 %3F %25."
        )
    return value


def _test_towns(environ: Mapping[str, str]) -> tuple[str, ...]:
    value = _text(environ, "DAMAGE_TEST_TOWNS")
    towns = tuple(town.strip() for town in value.split(",") if town.strip())
    if wrong := [town for town in towns if town.count("/") != 1]:
        raise BadSetting(
            f"DAMAGE_TEST_TOWNS names {wrong[0]!r}; write event/town, such as quake-2023/adiyaman."
        )
    return towns


def _dask_address(environ: Mapping[str, str]) -> str:
    value = _text(environ, "DAMAGE_DASK")
    if value and not value.startswith(("tcp://", "tls://")):
        raise BadSetting(
            f"DAMAGE_DASK is {value!r}; it must begin with tcp:// or tls://, or be empty for this machine."
        )
    return value


def _secret_key(environ: Mapping[str, str], *, debug: bool) -> str:
    value = _text(environ, "DAMAGE_SECRET_KEY")
    if not value and debug:
        return DEVELOPMENT_KEY
    if len(value) < 32 or (value == DEVELOPMENT_KEY and not debug):
        raise BadSetting(
            "DAMAGE_SECRET_KEY must hold at least 32 random characters; make one with: "
            'python3 -c "import secrets; print(secrets.token_urlsafe(48))". '
            "On your own machine DAMAGE_DEBUG=1 does without."
        )
    return value
