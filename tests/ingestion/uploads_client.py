"""A client of tus 1.0.0, written from the specification, for the tests of the server."""

import base64
import hashlib
from typing import Any

from rest_framework.test import APIClient

UPLOADS = "/api/v1/uploads/"
PART = "application/offset+octet-stream"
V1 = {"Tus-Resumable": "1.0.0"}
PLACE = {"event": "Practice quake", "town": "Altamira"}


def metadata(**pairs: str) -> str:
    """Upload-Metadata of UTF-8 texts."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())


def checksum(content: bytes, algorithm: str = "sha1") -> str:
    digest = base64.b64encode(hashlib.new(algorithm, content).digest()).decode()
    return f"{algorithm} {digest}"


class Tus:
    """Somebody's client."""

    def __init__(self, person: Any) -> None:
        self.client = APIClient()
        self.client.force_login(person)

    def ask(self, method: str, address: str, content: bytes = b"", kind: str = "", **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(method, address, content, content_type=kind, headers=V1 | named)

    def announce(self, size: int, name: str = "DJI_0001.JPG", **pairs: str) -> Any:
        about = metadata(filename=name, **(PLACE | pairs))
        return self.ask("POST", UPLOADS, Upload_Length=str(size), Upload_Metadata=about)

    def create(self, size: int, name: str = "DJI_0001.JPG", **pairs: str) -> str:
        """The address of a new upload."""
        answer = self.announce(size, name, **pairs)
        assert answer.status_code == 201, answer.content
        return str(answer["Location"]).removeprefix("http://testserver")

    def patch(self, address: str, offset: int, content: bytes, **headers: str) -> Any:
        return self.ask("PATCH", address, content, PART, Upload_Offset=str(offset), **headers)

    def offset(self, address: str) -> int:
        return int(self.ask("HEAD", address)["Upload-Offset"])

    def send(self, content: bytes, name: str = "DJI_0001.JPG", **pairs: str) -> str:
        """The address of a file that was sent whole."""
        address = self.create(len(content), name, **pairs)
        assert self.patch(address, 0, content).status_code == 204
        return address

    def row(self, address: str) -> dict[str, Any]:
        return dict(self.client.get(address).json())
