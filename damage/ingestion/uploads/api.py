"""The door for files: tus 1.0.0 (https://tus.io/protocols/resumable-upload) with creation, termination, checksum and
expiration, and lists in JSON. Everybody sees their own uploads alone."""

from http import HTTPStatus
from typing import IO, Any, cast
from uuid import UUID

from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.http import http_date
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from damage.accounts.models import User
from damage.ingestion.models import Scene
from damage.ingestion.uploads.errors import WrongVersion
from damage.ingestion.uploads.headers import (
    CHECKSUM_ALGORITHMS,
    read_checksum,
    read_file_facts,
    read_length,
    read_metadata,
)
from damage.ingestion.uploads.models import Upload, UploadState
from damage.ingestion.uploads.partial_files import received_bytes
from damage.ingestion.uploads.serializers import UploadSerializer
from damage.ingestion.uploads.services import (
    MOST_FILE_BYTES,
    append_part,
    check_living,
    create_upload,
    look_after,
    terminate,
)
from damage.messages import Message as _
from damage.permissions import ForAdmins

VERSION = "1.0.0"
PART = "application/offset+octet-stream"
CAPABILITIES = {
    "Tus-Version": VERSION,
    "Tus-Extension": "creation,termination,checksum,expiration",
    "Tus-Max-Size": str(MOST_FILE_BYTES),
    "Tus-Checksum-Algorithm": ",".join(CHECKSUM_ALGORITHMS),
}


class UploadFilter(filters.FilterSet):
    """By state (several by commas), and what changed since a moment."""

    state = filters.BaseInFilter(field_name="state", help_text="one state, or several by commas")
    changed_since = filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")

    class Meta:
        model = Upload
        fields: list[str] = []


class TusView(GenericAPIView[Upload]):
    """What all requests of the protocol have in common."""

    permission_classes = [ForAdmins]
    queryset = Upload.objects.all()
    serializer_class = UploadSerializer

    def get_queryset(self) -> Any:
        uploads = super().get_queryset().filter(user=cast(User, self.request.user))
        scenes = Scene.objects.only("usable_at").prefetch_related("problems")
        return uploads.prefetch_related(Prefetch("scene", scenes))

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """Some networks let no PATCH and DELETE pass: then a POST says what it is. It stays guarded like a POST."""
        instead = request.headers.get("X-HTTP-Method-Override", "").upper()
        if request.method == "POST" and instead in ("PATCH", "DELETE", "HEAD"):
            request.method = instead
        return super().initialize_request(request, *args, **kwargs)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """What the server knows of the protocol."""
        allowed = {"Allow": ", ".join(self.allowed_methods)}
        return Response(status=HTTPStatus.NO_CONTENT, headers=CAPABILITIES | allowed)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Tus-Resumable"] = VERSION
        if response.status_code == HTTPStatus.PRECONDITION_FAILED:
            response["Tus-Version"] = VERSION
        return response

    def check_version(self) -> None:
        """Raise `WrongVersion` where the client speaks another."""
        if self.request.headers.get("Tus-Resumable") != VERSION:
            raise WrongVersion(
                _("The header Tus-Resumable must say %(version)s.") % {"version": VERSION},
                _("Send files by tus %(version)s (https://tus.io).") % {"version": VERSION},
            )


class UploadsView(ListModelMixin, TusView):
    permission_classes = [ForAdmins]
    filterset_class = UploadFilter

    def get(self, request: Request) -> Response:
        """Your uploads, newest first: what is on its way, and what became of the others of the last 30 days."""
        return self.list(request)

    @extend_schema(exclude=True)  # by headers alone: see docs/api.md
    def post(self, request: Request) -> HttpResponse:
        """Announce a file (creation)."""
        self.check_version()
        headers = request.headers
        facts = read_file_facts(read_metadata(headers.get("Upload-Metadata", "")))
        size_bytes = read_length(headers.get("Upload-Length"), "Upload-Length")
        upload = create_upload(cast(User, request.user), facts, size_bytes=size_bytes)
        where = {"Location": reverse("api:upload", args=[upload.pk])}  # behind a proxy the host may differ
        return HttpResponse(status=HTTPStatus.CREATED, headers=where | _expires(upload))


class UploadView(RetrieveModelMixin, TusView):
    permission_classes = [ForAdmins]

    def get(self, request: Request, pk: UUID) -> Response:
        """One of your uploads."""
        return self.retrieve(request, pk=pk)

    @extend_schema(exclude=True)
    def head(self, request: Request, pk: UUID) -> HttpResponse:
        """How much of the file is here."""
        upload = look_after(self._living(pk))
        headers = {"Upload-Offset": str(received_bytes(upload)), "Upload-Length": str(upload.size_bytes)}
        return HttpResponse(headers=headers | {"Cache-Control": "no-store"} | _expires(upload))

    @extend_schema(exclude=True)
    def patch(self, request: Request, pk: UUID) -> HttpResponse:
        """Add a part, which is read as it comes."""
        self._living(pk)
        if request.content_type != PART:
            raise UnsupportedMediaType(request.content_type or "")
        headers = request.headers
        upload = append_part(
            pk,
            read_length(headers.get("Upload-Offset"), "Upload-Offset"),
            cast(IO[bytes], request._request),
            length=read_length(headers.get("Content-Length") or "0", "Content-Length"),
            checksum=read_checksum(headers.get("Upload-Checksum")),
        )
        here = {"Upload-Offset": str(received_bytes(upload))}
        return HttpResponse(status=HTTPStatus.NO_CONTENT, headers=here | _expires(upload))

    @extend_schema(exclude=True)
    def delete(self, request: Request, pk: UUID) -> HttpResponse:
        """Give it up (termination), or take what is decided off the list."""
        self._living(pk)
        terminate(pk)
        return HttpResponse(status=HTTPStatus.NO_CONTENT)

    def _living(self, pk: UUID) -> Upload:
        self.check_version()
        upload = get_object_or_404(self.get_queryset(), pk=pk)
        check_living(upload)
        return upload


def _expires(upload: Upload) -> dict[str, str]:
    """Until when it can be gone on with; nothing where it is all here."""
    is_open = upload.state == UploadState.SENDING
    return {"Upload-Expires": http_date(upload.expires_at.timestamp())} if is_open else {}


urlpatterns: list[URLPattern] = [
    path("uploads/", UploadsView.as_view(), name="uploads"),
    path("uploads/<uuid:pk>/", UploadView.as_view(), name="upload"),
]
