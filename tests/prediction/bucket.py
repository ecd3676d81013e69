"""A bucket as S3 has it, on this machine: files of one folder, in ranges of bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any


class _Files(BaseHTTPRequestHandler):
    def __init__(self, *arguments: Any, folder: Path) -> None:
        self.folder = folder
        super().__init__(*arguments)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.folder / Path(self.path).name
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        first, _, last = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        part = content[int(first) : int(last or len(content)) + 1]
        self.send_response(206)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(part)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def bucket(folder: Path) -> Iterator[dict[str, str]]:
    """Serve the folder; gives the environment in which GDAL finds its files below /vsis3/bucket/."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, folder=folder))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield {
            "AWS_S3_ENDPOINT": f"127.0.0.1:{server.server_port}",
            "AWS_HTTPS": "NO",
            "AWS_VIRTUAL_HOSTING": "FALSE",
            "AWS_NO_SIGN_REQUEST": "YES",
            "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        }
    finally:
        server.shutdown()
        server.server_close()
