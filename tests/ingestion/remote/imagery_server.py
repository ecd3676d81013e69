"""A host of imagery on this machine, which misbehaves as it is told."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANG_S = 5


@dataclass
class Thing:
    """What lies at a path: bytes, and whether the host tells a version and goes on in the middle."""

    content: bytes
    etag: str = '"v1"'
    last_modified: str = ""
    ranges: bool = True


@dataclass
class Asked:
    path: str
    host: str
    range: str
    if_range: str
    if_none_match: str
    headers: dict[str, str]


Fault = Callable[["Handler", Thing], None]


@dataclass
class Host:
    """Things by path; faults by path, of which each request takes the next; and what was asked."""

    port: int = 0
    things: dict[str, Thing] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def put(self, path: str, content: bytes, **how: object) -> Thing:
        self.things[path] = Thing(content, **how)  # type: ignore[arg-type]
        return self.things[path]

    def fail(self, path: str, *faults: Fault) -> None:
        self.faults.setdefault(path, []).extend(faults)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host: Host

    def log_message(self, *args: object) -> None:
        """Quietly."""

    def do_GET(self) -> None:
        asked = self.headers
        self.host.asked.append(
            Asked(
                self.path, asked["host"], asked.get("range", ""), asked.get("if-range", ""),
                asked.get("if-none-match", ""), dict(asked),
            )
        )  # fmt: skip
        self.close_connection = True
        path = self.path
        thing = self.host.things.get(path)
        if waiting := self.host.faults.get(path):
            waiting.pop(0)(self, thing or Thing(b""))
        elif thing is None:
            self.answer(404, {}, b"")
        else:
            self.serve(thing)

    def serve(self, thing: Thing) -> None:
        """As a good host does: RFC 9110."""
        start, headers = self.start_of(thing), version_headers(thing)
        unchanged = thing.etag and self.headers.get("if-none-match") == thing.etag
        unchanged = unchanged or (
            thing.last_modified and self.headers.get("if-modified-since") == thing.last_modified
        )
        if unchanged:
            self.answer(304, headers, b"")
        elif start is None:
            self.answer(200, headers, thing.content)
        elif start >= len(thing.content):
            self.answer(416, {**headers, "Content-Range": f"bytes */{len(thing.content)}"}, b"")
        else:
            end = len(thing.content)
            self.answer(
                206, {**headers, "Content-Range": f"bytes {start}-{end - 1}/{end}"}, thing.content[start:]
            )

    def start_of(self, thing: Thing) -> int | None:
        """Where the range that is asked for begins; None where all is sent."""
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("range", ""))
        is_same = self.headers.get("if-range") in (None, thing.etag)
        return int(found[1]) if found and thing.ranges and is_same else None

    def answer(self, status: int, headers: dict[str, str], body: bytes, length: int | None = None) -> None:
        """Send; `length` is what is told where it is not the truth."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Transfer-Encoding" not in headers and status != 304:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def version_headers(thing: Thing) -> dict[str, str]:
    named = {"ETag": thing.etag, "Last-Modified": thing.last_modified}
    return {name: value for name, value in named.items() if value}


def status(code: int, **headers: str) -> Fault:
    """Answer with a status alone."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, thing: handler.answer(code, named, b"")


def cut_after(count: int) -> Fault:
    """Announce all, send so many bytes of what was asked for, and hang up."""

    def fault(handler: Handler, thing: Thing) -> None:
        start = handler.start_of(thing)
        rest = thing.content[start or 0 :]
        whole = len(thing.content)
        ranged = {} if start is None else {"Content-Range": f"bytes {start}-{whole - 1}/{whole}"}
        handler.answer(
            200 if start is None else 206, version_headers(thing) | ranged, rest[:count], length=len(rest)
        )

    return fault


def stall_after(count: int) -> Fault:
    """Send so many bytes, and then nothing, with the line open."""

    def fault(handler: Handler, thing: Thing) -> None:
        handler.answer(200, version_headers(thing), thing.content[:count], length=len(thing.content))
        threading.Event().wait(HANG_S)

    return fault


def claim(length: int) -> Fault:
    """Tell a length, and send all there is."""
    return lambda handler, thing: handler.answer(200, version_headers(thing), thing.content, length=length)


def ranged(content_range: str, etag: str = '"v1"') -> Fault:
    """Claim to go on somewhere."""
    return lambda handler, thing: handler.answer(
        206, {"Content-Range": content_range, "ETag": etag}, thing.content[-5:]
    )


def swap(content: bytes, etag: str) -> Fault:
    """From this request on another version lies there."""

    def fault(handler: Handler, thing: Thing) -> None:
        thing.content, thing.etag = content, etag
        handler.serve(thing)

    return fault


@contextmanager
def serving() -> Iterator[Host]:
    """A host that listens on this machine."""
    host = Host()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"host": host}))
    server.daemon_threads = True
    server.block_on_close = False
    host.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
