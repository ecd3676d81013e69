"""How quickly a site answers while strangers hold connections open: silent, half a request, or never reading.

    python benchmarks/slow_clients.py http://127.0.0.1:8000/ [--strangers 300]

Works on whatever server answers there. The strangers of a kind come all at once; then somebody asks for the page,
twenty times, each on a connection of its own.
"""

import argparse
import http.client
import socket
import statistics
import threading
import time
from urllib.parse import urlsplit

KINDS = {
    "nobody": None,
    "silent": b"",
    "half a header": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
    "half a body": b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n",
    "never reading": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 5,
}
ASKED = 20
GIVING_UP_S = 20


def strangers(host: str, port: int, sent: bytes, count: int) -> list[socket.socket]:
    """So many connections that send this and no more of it."""
    opened = []
    for _ in range(count):
        stranger = socket.create_connection((host, port), timeout=GIVING_UP_S)
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stranger.sendall(sent)
        opened.append(stranger)
    return opened


def drip(held: list[socket.socket], done: threading.Event) -> None:
    """A byte a second from each."""
    while not done.wait(1):
        for stranger in held:
            try:
                stranger.send(b"x")
            except OSError:
                continue


def seconds_to_answer(host: str, port: int, path: str) -> float:
    """Infinite where no answer comes."""
    before = time.monotonic()
    connection = http.client.HTTPConnection(host, port, timeout=GIVING_UP_S)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    except OSError:
        return float("inf")
    finally:
        connection.close()
    return time.monotonic() - before


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("--strangers", type=int, default=300)
    options = parser.parse_args()
    parts = urlsplit(options.url)
    host, port, path = parts.hostname or "127.0.0.1", parts.port or 80, parts.path or "/"
    print(f"{'strangers':<14} {'median ms':>10} {'longest ms':>10}  of answers to others")
    for kind, sent in KINDS.items():
        held = [] if sent is None else strangers(host, port, sent, options.strangers)
        done = threading.Event()
        if kind.startswith("half"):
            threading.Thread(target=drip, args=(held, done)).start()
        took = []
        for _ in range(ASKED):
            took.append(seconds_to_answer(host, port, path))
            if took[-1] == float("inf"):
                break
        done.set()
        print(f"{kind:<14} {1000 * statistics.median(took):>10.0f} {1000 * max(took):>10.0f}", flush=True)
        for stranger in held:
            stranger.close()


if __name__ == "__main__":
    main()
