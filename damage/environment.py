"""What is configured from outside: every environment variable, its meaning, and the refusal of bad values."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
    Variable("DAMAGE_DATA", "data", "folder for the database, imagery, models and exports"),
    Variable("DATABASE_URL", "", "postgres://user:password@host/name; SQLite in the data folder when empty"),
    Variable("DAMAGE_LANGUAGE", "en", "language shown before a person chooses one: en or es"),
    Variable("DAMAGE_TIME_ZONE", "UTC", "time zone in which times are shown"),
    Variable(
        "DAMAGE_MAX_PHOTO_MPX", "200", "megapixels above which a photo is refused (decompression bombs)"
    ),
    Variable("DAMAGE_WEIGHTS", "", "folder with keras.applications weight files, for use without internet"),
    Variable("DAMAGE_GEOCODER", "offline", "offline (built-in gazetteer) or nominatim (asks OpenStreetMap)"),
    Variable("DAMAGE_THREADS", "0", "processor threads for inference; 0 for all"),
    Variable(
        "DAMAGE_TEST_TOWNS",
        "",
        "event/town (as in addresses), by commas: no model learns from these towns, and models are compared on them",
    ),
    Variable("DAMAGE_DASK", "", "tcp:// or tls:// address of a Dask scheduler that predictions are done on"),
)
_DEFAULTS = {variable.name: variable.default for variable in VARIABLES}


@dataclass(frozen=True)
class Environment:
    """The variables after checking."""

    debug: bool
    secret_key: str
    allowed_hosts: list[str]
    https: bool
    data_dir: Path
    database_url: str
    language: str
    time_zone: str
    max_photo_mpx: int
    weights_dir: Path | None
    geocoder: str
    threads: int
    test_towns: tuple[str, ...]
    dask: str


def read_environment(environ: Mapping[str, str]) -> Environment:
    """Check every variable in `environ`; raise `BadSetting` naming the first that cannot be used."""
    debug = _flag(environ, "DAMAGE_DEBUG")
    weights = _text(environ, "DAMAGE_WEIGHTS")
    return Environment(
        debug=debug,
        secret_key=_secret_key(environ, debug=debug),
        allowed_hosts=[
            host.strip() for host in _text(environ, "DAMAGE_ALLOWED_HOSTS").split(",") if host.strip()
        ],
        https=_flag(environ, "DAMAGE_HTTPS"),
        data_dir=(BASE_DIR / _text(environ, "DAMAGE_DATA")).resolve(),
        database_url=_database_url(environ),
        language=_choice(environ, "DAMAGE_LANGUAGE", ("en", "es")),
        time_zone=_text(environ, "DAMAGE_TIME_ZONE"),
        max_photo_mpx=_whole_number(environ, "DAMAGE_MAX_PHOTO_MPX", least=1),
        weights_dir=_folder("DAMAGE_WEIGHTS", weights) if weights else None,
        geocoder=_choice(environ, "DAMAGE_GEOCODER", ("offline", "nominatim")),
        threads=_whole_number(environ, "DAMAGE_THREADS", least=0),
        test_towns=_test_towns(environ),
        dask=_dask_address(environ),
    )


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
    if not value.isdecimal() or int(value) < least:
        raise BadSetting(f"{name} is {value!r}; it must be a whole number of at least {least}.")
    return int(value)


def _folder(name: str, value: str) -> Path:
    path = Path(value).resolve()
    if not path.is_dir():
        raise BadSetting(f"{name} is {value!r}, which is not a folder; create it or correct the path.")
    return path


def _database_url(environ: Mapping[str, str]) -> str:
    value = _text(environ, "DATABASE_URL")
    if value and not value.startswith(("postgres://", "postgresql://")):
        raise BadSetting("DATABASE_URL must begin with postgres://, or be empty for SQLite.")
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
        return "for-development-only-never-for-a-real-site"
    if len(value) < 32:
        raise BadSetting(
            "DAMAGE_SECRET_KEY must hold at least 32 random characters; make one with: "
            'python3 -c "import secrets; print(secrets.token_urlsafe(48))". '
            "On your own machine DAMAGE_DEBUG=1 does without."
        )
    return value
