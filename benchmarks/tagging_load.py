"""People who tag, as light as can be: many in one process, each with a connection that is kept open.

Run as a process of its own (`benchmarks.workplace.measured_in_child`); `load` and `Tagger` can be used by others too.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

ANSWERS = ("positive", "negative", "unsure")
PATIENCE_S = 60.0  # after which a phone gives up a request and sends it again
PAUSE_S = 0.5  # before the same answer is sent again


@dataclass(frozen=True)
class Account:
    """Somebody who is logged in."""

    username: str
    session: str
    csrf: str


@dataclass(frozen=True)
class Ground:
    """A scene to tag on."""

    scene: int
    width_px: int
    height_px: int


@dataclass
class Log:
    """What came of it all. `acknowledged` holds (username, scene, x_px, y_px, answer) of every 201."""

    size_px: int
    latencies_s: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    acknowledged: list[tuple[str, int, int, int, str]] = field(default_factory=list)


class Tagger:
    """One person, who keeps an answer until it is acknowledged, as the pages do."""

    def __init__(self, port: int, account: Account, grounds: Sequence[Ground], log: Log, seed: int) -> None:
        self._port = port
        self._account = account
        self._grounds = grounds
        self._log = log
        self._random = Random(seed)  # noqa: S311 - to be repeated, not a secret
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def work(self, until: float, tags_per_s: float) -> None:
        """Tag at about that rate, with pauses between half and one and a half times as long as it says."""
        due = monotonic() + self._random.random() / tags_per_s
        while due < until:
            await asyncio.sleep(max(0.0, due - monotonic()))
            await self._tag(until)
            due = max(due + self._random.uniform(0.5, 1.5) / tags_per_s, monotonic())
        self._hang_up()

    async def _tag(self, until: float) -> None:
        """Send one answer, again and again until it is acknowledged or time is up."""
        ground = self._random.choice(self._grounds)
        size_px = self._log.size_px
        x_px = self._random.randrange(ground.width_px - size_px)
        y_px = self._random.randrange(ground.height_px - size_px)
        answer = self._random.choice(ANSWERS)
        place = {"scene": ground.scene, "x_px": x_px, "y_px": y_px, "size_px": size_px}
        body = json.dumps(place | {"question": "damage", "answer": answer}).encode()
        begun = monotonic()
        while True:
            status = await self._sent(body)
            self._log.statuses[status] += 1
            if status == "201":
                self._log.latencies_s.append(monotonic() - begun)
                self._log.acknowledged.append((self._account.username, ground.scene, x_px, y_px, answer))
                return
            if monotonic() > until:
                return
            await asyncio.sleep(PAUSE_S)

    async def _sent(self, body: bytes) -> str:
        """The status that the site answered with, or what went wrong on the way."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                if self._streams is None or self._streams[0].at_eof():
                    self._hang_up()
                    self._streams = await asyncio.open_connection("127.0.0.1", self._port)
                return await self._exchanged(*self._streams, body)
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError) as error:
            self._hang_up()
            return type(error).__name__

    async def _exchanged(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes
    ) -> str:
        account = self._account
        head = (
            f"POST /api/v1/tags/ HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-CSRFToken: {account.csrf}\r\n"
            f"Cookie: sessionid={account.session}; csrftoken={account.csrf}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        await reader.readexactly(int(fields["content-length"]))
        if fields.get("connection") == "close":
            self._hang_up()
        return lines[0].split()[1]

    def _hang_up(self) -> None:
        if self._streams is not None:
            with suppress(OSError, RuntimeError):
                self._streams[1].close()
        self._streams = None


async def load(
    port: int,
    accounts: Sequence[Account],
    grounds: Sequence[Ground],
    *,
    seconds: float,
    tags_per_s: float = 1.0,
    size_px: int = 299,
) -> Log:
    """Have everybody tag for so long, each at that rate."""
    log, until = Log(size_px), monotonic() + seconds
    taggers = [
        Tagger(port, account, grounds, log, seed).work(until, tags_per_s)
        for seed, account in enumerate(accounts)
    ]
    await asyncio.gather(*taggers)
    return log


def measured(*, plan: str, seconds: float, tags_per_s: float) -> dict[str, Any]:
    """Be the child: load the site as a plan says (port, accounts, grounds), and put what was acknowledged beside it."""
    path = Path(plan)
    told = json.loads(path.read_text())
    accounts = [Account(**one) for one in told["accounts"]]
    grounds = [Ground(**one) for one in told["grounds"]]
    log = asyncio.run(load(told["port"], accounts, grounds, seconds=seconds, tags_per_s=tags_per_s))
    path.with_suffix(".acknowledged.json").write_text(json.dumps(log.acknowledged))
    latencies = sorted(log.latencies_s) or [0.0]
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {
        "acknowledged": len(log.acknowledged),
        "acknowledged_per_s": round(len(log.acknowledged) / seconds, 1),
        "latency_ms": {
            name: round(1000 * latencies[min(len(latencies) - 1, int(share * len(latencies)))])
            for name, share in shares.items()
        },
        "statuses": dict(log.statuses),
    }


def write_plan(path: Path, port: int, accounts: Sequence[Account], grounds: Sequence[Ground]) -> None:
    """What `measured` reads."""
    people, places = ([asdict(one) for one in each] for each in (accounts, grounds))
    path.write_text(json.dumps({"port": port, "accounts": people, "grounds": places}))


if __name__ == "__main__":
    from benchmarks.workplace import answer

    answer(measured)
