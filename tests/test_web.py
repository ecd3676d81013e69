"""The web server, before a small application: strangers who are slow, silent or greedy stop nobody."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from damage import web

ANSWER_S = 2.0  # on a busy machine; alone it is milliseconds


def application(environ, start_response):
    """Says hello, takes its time, or gives what is long."""
    path = environ["PATH_INFO"]
    body = environ["wsgi.input"].read()
    if path == "/slow":
        BEGUN.set()
        GO_ON.wait(10)
    if path == "/stream":
        start_response("200 OK", [])
        return (b"x" * 1_000_000 for _ in range(20))
    start_response("200 OK", [("Content-Length", str(5 + len(body)))])
    return [b"hello", body]


BEGUN = threading.Event()
GO_ON = threading.Event()


@contextmanager
def served() -> Iterator[tuple[web.Server, int]]:
    BEGUN.clear()
    GO_ON.clear()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = web.make_server(application, listener)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server, port
    finally:
        GO_ON.set()
        server.stop()
        thread.join(20)
        assert not thread.is_alive()


def ask(port: int, path: str = "/", body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST" if body else "GET", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def seconds_of(port: int) -> float:
    before = time.monotonic()
    assert ask(port) == (200, b"hello")
    return time.monotonic() - before


def connect(port: int, sent: bytes = b"", source: str = "127.0.0.1") -> socket.socket:
    stranger = socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(source, 0))
    stranger.sendall(sent)
    return stranger


def eventually(happens: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not happens() and time.monotonic() < deadline:
        time.sleep(0.02)
    return happens()


def is_closed(stranger: socket.socket, within_s: float = 10) -> bool:
    """Whether the server ends the connection."""
    stranger.settimeout(within_s)
    try:
        while stranger.recv(65536):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def ends_while_dripping(stranger: socket.socket) -> bool:
    """Whether the server ends the connection although something comes all the time."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            stranger.sendall(b"x")
        except ConnectionError:
            return True
        time.sleep(0.05)
    return False


SILENT = b""
HALF_A_HEADER = b"GET / HTTP/1.1\r\nHost: x\r\nX-Sl"
HALF_A_BODY = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx"
HALF_A_CHUNK = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nx"
NEVER_READING = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("sent", [SILENT, HALF_A_HEADER, HALF_A_BODY, HALF_A_CHUNK, NEVER_READING])
def test_sixty_that_never_end_stop_nobody(sent):
    with served() as (_, port):
        strangers = [connect(port, sent) for _ in range(60)]
        assert seconds_of(port) < ANSWER_S
        for stranger in strangers:
            stranger.close()


@pytest.mark.parametrize("sent", [SILENT, HALF_A_HEADER, HALF_A_BODY])
def test_they_are_closed_in_the_end_even_while_they_drip(sent, monkeypatch):
    monkeypatch.setattr(web, "REQUEST_S", 1)
    monkeypatch.setattr(web, "IDLE_S", 1)
    monkeypatch.setattr(web, "LOOK_EVERY_S", 0.1)
    with served() as (_, port):
        stranger = connect(port, sent)
        assert ends_while_dripping(stranger) if sent else is_closed(stranger)
        stranger.close()


def test_those_who_do_not_read_a_long_answer_give_their_threads_back(monkeypatch):
    monkeypatch.setattr(web, "STALLED_S", 0.5)
    monkeypatch.setattr(web, "LOOK_EVERY_S", 0.1)
    with served() as (_, port):
        greedy = [connect(port, b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(2 * web.THREADS)]
        assert seconds_of(port) < 10
        for stranger in greedy:
            stranger.close()


def test_a_long_answer_is_streamed_to_those_who_read():
    with served() as (_, port):
        status, body = ask(port, "/stream")
    assert status == 200
    assert len(body) == 20_000_000


def test_who_holds_most_connections_makes_room(monkeypatch):
    monkeypatch.setattr(web, "CONNECTIONS", 20)
    with served() as (server, port):
        friend = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        friend.request("GET", "/")
        friend.getresponse().read()
        same = friend.sock
        try:
            strangers = [connect(port, HALF_A_HEADER, "127.0.0.2") for _ in range(60)]
        except OSError:
            pytest.skip("this system has one loopback address only")
        assert seconds_of(port) < ANSWER_S
        friend.request("GET", "/")
        assert friend.getresponse().read() == b"hello"
        assert friend.sock is same
        assert eventually(lambda: len(server.active_channels) <= 20)
        for stranger in (*strangers, friend):
            stranger.close()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_long_is_refused_and_its_sender_told(chunked):
    body = b"x" * 5_000_000
    with served() as (_, port):
        status, answer = ask(port, body=iter([body]) if chunked else body)
        assert seconds_of(port) < ANSWER_S
    assert status == 413
    assert "1 MB" in json.loads(answer)["detail"]


def test_a_body_within_the_limit_arrives():
    with served() as (_, port):
        assert ask(port, body=b"x" * 1_000_000) == (200, b"hello" + b"x" * 1_000_000)


def test_a_part_of_a_file_may_be_longer_where_files_are_sent():
    part = b"x" * (8 * 1024 * 1024)
    with served() as (_, port):
        assert ask(port, "/api/v1/uploads/", part) == (200, b"hello" + part)
        status, answer = ask(port, "/api/v1/uploads/", part + b"x")
        assert ask(port, "/api/v1/uploads", part)[0] == 413
    assert (status, "8 MB" in json.loads(answer)["detail"]) == (413, True)


def test_whoever_sends_much_on_a_slow_link_has_more_time(monkeypatch):
    monkeypatch.setattr(web, "REQUEST_S", 1)
    monkeypatch.setattr(web, "SLOWEST_B_PER_S", 100_000)
    begun = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n"
    with served() as (_, port):
        slow = connect(port, begun + b"x" * 400_000)  # four seconds more
        lazy = connect(port, begun + b"x" * 1000)
        assert is_closed(lazy, within_s=4)
        assert not is_closed(slow, within_s=0.5)
        assert is_closed(slow)


def test_headers_without_end_are_refused():
    with served() as (_, port):
        assert ask(port, **{"X-Long": "x" * 40_000})[0] == 431


def test_it_does_not_say_what_it_is():
    with served() as (_, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().getheader("Server") is None
        connection.close()


def test_what_is_under_way_is_finished_when_it_stops():
    answers = []
    with served() as (server, port):
        asking = threading.Thread(target=lambda: answers.append(ask(port, "/slow")))
        asking.start()
        assert BEGUN.wait(10)
        server.stop()
        deadline = time.monotonic() + 10
        while server.accepting and time.monotonic() < deadline:
            time.sleep(0.01)
        with pytest.raises(ConnectionError):
            connect(port, NEVER_READING)
        GO_ON.set()
        asking.join(10)
    assert answers == [(200, b"hello")]
