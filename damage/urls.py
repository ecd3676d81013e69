"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path
from django.views.i18n import JavaScriptCatalog
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

import damage.ingestion.api
import prediction.api
import tagging.api
import training.api
from damage.permissions import ForTaggers, page_for
from damage.routing import Router
from damage.views import front

handler400 = "damage.views.bad_request"
handler403 = "damage.views.permission_denied"
handler404 = "damage.views.not_found"
handler500 = "damage.views.server_error"

router = Router()
apis = (damage.ingestion.api, tagging.api, training.api, prediction.api)
for api in apis:
    for prefix, viewset in api.routes:
        router.register(prefix, viewset)

urlpatterns = [
    # First, as most requests are answers; the more addresses are tried before, the longer each takes.
    path("api/v1/", include(router.urls)),
    path("api/v1/", include(([pattern for api in apis for pattern in api.urlpatterns], "api"))),
    path("", front, name="front"),
    path("", include("damage.accounts.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("jsi18n/", JavaScriptCatalog.as_view(packages=None, domain="djangojs"), name="js-catalog"),
    path("", include("damage.ingestion.urls")),
    path("", include("tagging.urls")),
    path("", include("training.urls")),
    path("", include("prediction.urls")),
    path("api/schema/", SpectacularAPIView.as_view(permission_classes=[ForTaggers]), name="schema"),
    path(
        "api/",
        page_for(ForTaggers)(
            SpectacularSwaggerSplitView.as_view(url_name="schema", permission_classes=[ForTaggers])
        ),
        name="api-page",
    ),
    path("admin/", admin.site.urls),
]
