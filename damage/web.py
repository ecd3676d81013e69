"""The web server: `python -m damage.web --socket N` answers on a listening socket that it was started with.

Waitress reads whole requests and writes whole answers in one loop, and gives a thread to a request only when all of it
is there: whoever sends slowly, or nothing, or never reads, holds a socket and no thread. What it lacks is here: an end
for each of those, room for those who come next, and an orderly stop.
"""

import json
import logging
import os
import resource
import signal
import socket
import time
from argparse import ArgumentParser
from collections import Counter
from contextlib import suppress
from copy import copy
from types import FrameType
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher
from waitress.utilities import RequestEntityTooLarge

THREADS = 4
CONNECTIONS = 600  # in each process; when there are more, those that do nothing make room
ACCEPTED_AT_ONCE = 64
# A request must be there so soon after its first byte, however slowly it drips.
REQUEST_S = 30
# A connection without a request, and one that takes nothing of its answer, is closed after so long.
IDLE_S = 60
STALLED_S = 30
STOPPING_S = 6
LOOK_EVERY_S = 1
HEADERS_B = 32 * 1024
# The longest bodies are long forms and lists; and parts of files, which Waitress keeps on the disk until all is there.
BODY_B = 1024 * 1024
PART_B = 8 * 1024 * 1024
PARTS = "/api/v1/uploads/"
# Whoever sends this much a second, as on a slow link, has more time than `REQUEST_S`.
SLOWEST_B_PER_S = 16 * 1024
# So much of a body that is too long is still taken in, so that its sender comes to reading why.
REFUSED_B = 64 * 1024 * 1024
# A streamed answer waits while so much of it is not yet sent. Files are never read ahead.
ANSWER_B = 4 * 1024 * 1024


class Refusal(ErrorTask):
    """The answer to a request that is none."""

    def execute(self) -> None:
        if not isinstance(self.request.error, RequestEntityTooLarge):
            super().execute()
            return
        self.channel.must_drain = True
        most = PART_B if self.request.path.startswith(PARTS) else BODY_B
        detail = f"What was sent is longer than {most // 1024**2} MB, the most that is taken."
        body = json.dumps({"detail": detail}).encode()
        self.status = "413 Content Too Large"
        self.response_headers.append(("Content-Type", "application/json"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class RequestParser(HTTPRequestParser):
    """A request, of which those to the address of uploads may be longer."""

    adj: Adjustments

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.path.startswith(PARTS) and self.command in ("PATCH", "POST"):
            self.adj = copy(self.adj)
            self.adj.max_request_body_size = PART_B + 1  # Waitress refuses what is as long as its limit


class Channel(HTTPChannel):
    """One connection."""

    error_task_class = Refusal
    parser_class = RequestParser
    close_when_flushed: bool
    request_since = 0.0  # when the request began that is not yet whole, or the draining
    must_drain = False  # read on after the answer: closing at once would take the answer back (a TCP reset)
    is_draining = False
    drained_b = 0

    @property
    def is_busy(self) -> bool:
        """Whether a request is carried out or its answer not yet taken."""
        return bool(self.requests or self.total_outbufs_len)

    @property
    def is_overdue(self) -> bool:
        """Whether the other side has used up its time."""
        if not self.outbuf_lock.acquire(blocking=False):
            return False  # a thread is writing
        try:
            silent_s = time.time() - self.last_activity
            if self.total_outbufs_len:
                return bool(silent_s > STALLED_S)
            if self.requests:
                return False
            if self.request is not None or self.is_draining:
                received_b = self.request.body_bytes_received if self.request is not None else 0
                return time.monotonic() - self.request_since > REQUEST_S + received_b / SLOWEST_B_PER_S
            return bool(silent_s > IDLE_S)
        finally:
            self.outbuf_lock.release()

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.request_since = time.monotonic()
        return bool(super().received(data))

    def readable(self) -> bool:
        return self.is_draining or bool(super().readable())

    def handle_read(self) -> None:
        if not self.is_draining:
            super().handle_read()
            return
        with suppress(OSError):
            self.drained_b += len(self.recv(64 * 1024))
            if self.drained_b <= REFUSED_B:
                return
        self.handle_close()

    def handle_write(self) -> None:
        if not (self.must_drain and self.close_when_flushed):
            super().handle_write()
            return
        self._flush_exception(self._flush_some)
        if self.total_outbufs_len or self.socket is None:
            return
        self.must_drain = self.close_when_flushed = False
        self.is_draining = True
        self.request_since = time.monotonic()
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)


class Server(TcpWSGIServer):
    """Waitress's server, which closes what is overdue and makes room for those who come."""

    channel_class = Channel
    active_channels: dict[int, Channel]
    stopping = False
    looked_at = 0.0

    def maintenance(self, now: float) -> None:
        """Waitress's own way, in place of which is `look_after`."""

    def look_after(self) -> None:
        """Close what has used up its time, and, when there are many, one that does nothing."""
        if time.monotonic() - self.looked_at > LOOK_EVERY_S:
            self.looked_at = time.monotonic()
            for channel in list(self.active_channels.values()):
                if channel.is_overdue:
                    channel.handle_close()
        while len(self.active_channels) >= CONNECTIONS and self.make_room():
            pass

    def make_room(self) -> bool:
        """Close the connection that is idle longest, of whoever has most: strangers with hundreds lose their own."""
        idle = [channel for channel in self.active_channels.values() if not channel.is_busy]
        if idle:
            held = Counter(channel.addr[0] for channel in idle)
            min(idle, key=lambda channel: (-held[channel.addr[0]], channel.last_activity)).handle_close()
        return bool(idle)

    def handle_accept(self) -> None:
        """Take all who come at once: one a turn, the last of hundreds would wait for as many turns."""
        for _ in range(ACCEPTED_AT_ONCE):
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before:
                return

    def run(self) -> None:
        """Answer until `stop` is called; then finish what is under way, but take nothing new."""
        while not self.stopping:
            self.look_after()
            wasyncore.poll2(LOOK_EVERY_S, self._map)
        self.accepting = False
        self.del_channel()
        self.socket.close()
        deadline = time.monotonic() + STOPPING_S
        while self._close_idle() and time.monotonic() < deadline:
            wasyncore.poll2(0.1, self._map)
        self.task_dispatcher.shutdown(timeout=0.5)

    def stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Have `run` return soon; a signal's handler."""
        self.stopping = True
        self.pull_trigger()

    def _close_idle(self) -> bool:
        """Whether there are busy ones left."""
        for channel in list(self.active_channels.values()):
            if not channel.is_busy:
                channel.handle_close()
        return bool(self.active_channels)


def make_server(application: Any, listener: socket.socket) -> Server:
    """A server for the listening socket."""
    settings = Adjustments(
        sockets=[listener],
        threads=THREADS,
        ident=None,
        max_request_header_size=HEADERS_B,
        max_request_body_size=BODY_B,
        outbuf_high_watermark=ANSWER_B,
        connection_limit=2 * CONNECTIONS,  # reached only when all are busy
        clear_untrusted_proxy_headers=False,  # Django's settings say which are believed
        log_socket_errors=False,
    )
    threads = ThreadedTaskDispatcher()
    threads.set_thread_count(settings.threads)
    address = (listener.family, listener.type, listener.proto, listener.getsockname())
    return Server(
        application, {}, _sock=listener, dispatcher=threads, adj=settings, sockinfo=address, bind_socket=False
    )


def main() -> None:
    """Serve the site on the inherited socket until SIGTERM."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument(
        "--socket", type=int, required=True, help="number of the listening socket's descriptor"
    )
    listener = socket.socket(fileno=parser.parse_args().socket)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the business of who started this
    _allow_many_files()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "damage.settings")
    from damage.wsgi import application  # loads the site: seconds

    # That somebody waits for a thread is not worth a line each time.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = make_server(application, listener)
    signal.signal(signal.SIGTERM, server.stop)
    server.run()


def _allow_many_files() -> None:
    """A socket for each connection, and up to two files for what does not fit into memory."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * CONNECTIONS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


if __name__ == "__main__":
    main()
