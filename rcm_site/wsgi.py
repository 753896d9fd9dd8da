"""The web process's way in; it refuses to start on settings that are unsafe."""

import os

from django.core.wsgi import get_wsgi_application

from rcm_site.checks import refuse_unsafe_start
from rcm_site.chunked import measured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rcm_site.settings")
application = measured(get_wsgi_application())
refuse_unsafe_start()
