"""The site as a WSGI application."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from damage.static_files import refuse_uncollected

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "damage.settings")
# The settings have to be known before.
from damage.readable import read_as_utf8

application = read_as_utf8(get_wsgi_application())
refuse_uncollected()

# Every page is loaded now, so that the first visitor does not wait for it.
get_resolver().check()
