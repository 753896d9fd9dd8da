"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from rcm_site import health, mail_provider
from rcm_site.style_guide import style_guide

urlpatterns = [
    path("api/", include("rcm_site.api_urls")),  # first: programs ask most often
    path("", include("analytics.urls")),
    path("", include("accounts.urls")),
    path("", include("claims.urls")),
    path("mails/tracking/", include(mail_provider.addresses())),
    path("style/", style_guide, name="style_guide"),
    path("admin/", admin.site.urls),
    path("health", health.health, name="health"),
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
    path("metrics", health.metrics, name="metrics"),
]

handler400 = "rcm_site.errors.bad_request"
handler403 = "rcm_site.errors.permission_denied"
handler404 = "rcm_site.errors.page_not_found"
handler500 = "rcm_site.errors.server_error"
