"""Fetching imagery and taking it in: file, row and where it came from come together, or not at all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import httpx2
from django.conf import settings

from damage.errors import NotNow, Refused
from damage.ingestion.capture import SceneRole
from damage.ingestion.judged_files import with_problems
from damage.ingestion.models import FetchedSource
from damage.ingestion.origins import Origin
from damage.ingestion.places import check_names
from damage.ingestion.remote.addresses import PHOTO_SUFFIXES, RemoteFile, checked_address, suffix_of
from damage.ingestion.remote.fetching import Version, fetch_file
from damage.ingestion.remote.hosts import open_client
from damage.ingestion.remote.listing import LeftOut
from damage.ingestion.remote.parts import forget, forget_empty, forget_old, part_folder
from damage.ingestion.remote.planning import files_of
from damage.ingestion.reports import FileReport, reported
from damage.ingestion.services import Ingested, already_there, ingest_mosaic, ingest_photo
from damage.messages import Message as _
from damage.work.progress import Progress, no_progress


@dataclass(frozen=True)
class Plan:
    """What would be fetched, and what is there already or left out."""

    to_fetch: list[RemoteFile]
    there: list[FetchedSource]
    left_out: list[LeftOut]

    @property
    def known_bytes(self) -> int:
        """The sizes that the lists tell, together."""
        return sum(file.size_bytes or 0 for file in self.to_fetch)

    @property
    def unknown_sizes(self) -> int:
        """Of how many files no list tells the size."""
        return sum(file.size_bytes is None for file in self.to_fetch)


def site_client() -> httpx2.Client:
    """The client for the hosts that the site's setting allows. Raises `Refused` when there are none."""
    hosts = settings.ENVIRONMENT.fetch_hosts
    if not hosts:
        raise Refused(
            _("This site fetches nothing, as DAMAGE_FETCH_HOSTS is empty."),
            _("Name the hosts that you trust, such as DAMAGE_FETCH_HOSTS=noaa-eri-pds.s3.amazonaws.com"),
        )
    return open_client(hosts)


def plan_fetch(client: httpx2.Client, sources: Sequence[str], *, limit: int = 0) -> Plan:
    """What the sources stand for; with a `limit`, no further than so many files that are not known to be there."""
    plan = Plan([], [], [])
    for found in files_of(client, sources, settings.ENVIRONMENT.fetch_hosts):
        if isinstance(found, LeftOut):
            plan.left_out.append(found)
        elif (source := _known(found)) and _is_listed_version(source, found):
            plan.there.append(source)
        else:
            plan.to_fetch.append(found)
            if limit and len(plan.to_fetch) == limit:
                break
    return plan


def fetch_imagery(
    client: httpx2.Client,
    plan: Plan,
    *,
    event: str,
    town: str,
    role: SceneRole = SceneRole.AFTER,
    taken: datetime | None = None,
    progress: Progress = no_progress,
) -> list[FileReport]:
    """Fetch what is planned and take it into a town, one after the other; what is refused does not stop the rest.

    A list that says that an image is from before the event goes before `role`, and `taken` before a list's moment.

    `progress` is told in bytes. A part of a file stays when its fetching ends early, and the next call goes on with it.
    """
    check_names(event=event, town=town)
    forget_old(place_of_parts())
    reports = [
        reported(source.address, partial(_there, source, event=event, town=town)) for source in plan.there
    ]
    totals = {file.address: file.size_bytes or 0 for file in plan.to_fetch}
    done = 0
    for file in plan.to_fetch:
        before = done

        def told(here: int, total: int | None, file: RemoteFile = file, before: int = before) -> None:
            totals[file.address] = max(total or 0, here)
            progress(before + here, sum(totals.values()))

        reports.append(
            reported(
                file.address,
                partial(_fetch_one, client, file, event=event, town=town, role=role, taken=taken, told=told),
            )
        )
        done += totals[file.address]
    reports += [FileReport(left.address, left.status, reason=str(left.reason)) for left in plan.left_out]
    return with_problems(reports)


def place_of_parts() -> Path:
    """Where files lie that are not whole yet."""
    return Path(settings.DATA_DIR) / "fetches"


def _fetch_one(
    client: httpx2.Client,
    file: RemoteFile,
    *,
    event: str,
    town: str,
    role: SceneRole,
    taken: datetime | None,
    told: Callable[[int, int | None], None],
) -> Ingested:
    checked_address(file.address, settings.ENVIRONMENT.fetch_hosts)
    source = _known(file)
    known = Version(source.etag, source.last_modified, source.size_bytes) if source else None
    with part_folder(place_of_parts(), file.address) as folder:
        try:
            fetched = fetch_file(client, file, folder, known=known, told=told)
        except Refused:
            forget_empty(folder)
            raise
        if fetched is None and source:
            forget(folder)
            return _there(source, event=event, town=town)
        assert fetched is not None  # noqa: S101 - only a known version is unchanged
        origin = Origin(
            file.address, fetched.version.etag, fetched.version.last_modified, file.taken, file.phase
        )
        ingest = ingest_photo if suffix_of(f"/{file.name}") in PHOTO_SUFFIXES else ingest_mosaic
        try:
            known_role = SceneRole.BEFORE if file.phase == SceneRole.BEFORE else role
            ingested = ingest(
                fetched.path, event=event, town=town, origin=origin, role=known_role, taken=taken
            )
        except NotNow:
            raise  # the file is good, and here: the next call takes it in
        except Refused:
            forget(folder)
            raise
        forget(folder)
        return ingested


def _there(source: FetchedSource, *, event: str, town: str) -> Ingested:
    """The scene that was fetched before. Raises `Refused` if it is another town's."""
    return already_there(source.sha256, event=event, town=town) or Ingested(source.scene, already=True)


def _known(file: RemoteFile) -> FetchedSource | None:
    """What was fetched from this address last."""
    return FetchedSource.objects.filter(address=file.address).select_related("scene").first()


def _is_listed_version(source: FetchedSource, file: RemoteFile) -> bool:
    """Whether the list itself tells that this version is there, by etag or digest: the host need not be asked."""
    if file.digest.startswith("sha256:"):
        return file.digest == f"sha256:{source.sha256}"
    return bool(file.etag) and file.etag == source.etag and file.size_bytes in (None, source.size_bytes)
