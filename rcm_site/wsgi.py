"""The web process's way in; it refuses to start on settings that are unsafe."""

import os

from django.core.wsgi import get_wsgi_application

from rcm_site.charsets import Utf8Request
from rcm_site.checks import refuse_unsafe_start
from rcm_site.chunked import measured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rcm_site.settings")
django = get_wsgi_application()
django.request_class = Utf8Request
application = measured(django)
refuse_unsafe_start()
