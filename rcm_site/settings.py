"""Everything the site can be told, read from the environment (`.env.example` documents each variable).

With nothing set it runs embedded: SQLite, a broker of files and one web process, all under `var/`.
`PRODUCTION=true` asks for PostgreSQL, Redis and secrets of its own; `checks.py` refuses what is unsafe.
"""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from redis.backoff import NoBackoff
from redis.retry import Retry

from rcm_site.secrets import derived_key, embedded_secret

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.FileAwareEnv()
env.read_env(env.str("ENV_FILE", default=str(BASE_DIR / ".env")))

PRODUCTION = env.bool("PRODUCTION", default=False)
DEBUG = env.bool("DEBUG", default=False)
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

# Secrets ---------------------------------------------------------------------------------------

MISSING_SECRET = "insecure-no-secret-was-set"  # noqa: S105 - a marker that checks.py refuses
_default_secret = MISSING_SECRET if PRODUCTION else embedded_secret(VAR_DIR / "secret_key")
SECRET_KEY = env.str("SECRET_KEY", default="") or _default_secret
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# The audit trail's key outlives rotations of SECRET_KEY: seals made years ago must still verify.
AUDIT_KEY = env.str("AUDIT_KEY", default="") or (
    MISSING_SECRET if PRODUCTION else derived_key(SECRET_KEY, "audit")
)
# Patients' data: the first key encrypts, all decrypt (`manage.py rotate_keys` moves rows to the first). The
# index key finds encrypted text again by its exact value; whoever changes it must index everything anew.
PHI_KEYS = env.list("PHI_KEYS", default=[]) or [
    MISSING_SECRET if PRODUCTION else derived_key(SECRET_KEY, "phi")
]
PHI_INDEX_KEY = env.str("PHI_INDEX_KEY", default="") or (
    MISSING_SECRET if PRODUCTION else derived_key(SECRET_KEY, "phi index")
)
# The end of the audit chain, kept outside the database: on another volume, better still another machine.
AUDIT_HEAD_FILE = env.str("AUDIT_HEAD_FILE", default=str(VAR_DIR / "audit-head.json"))

# Where it answers ------------------------------------------------------------------------------

SITE_NAME = env.str("SITE_NAME", default="Revenue cycle")
HOST = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
_embedded_hosts = [] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]", HOST]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=_embedded_hosts)
# What links in e-mails start with: a task has no request to take it from.
SITE_URL = env.str("SITE_URL", default=f"http://{'localhost' if HOST == '0.0.0.0' else HOST}:{PORT}")  # noqa: S104
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
WEB_PROCESSES = env.int("WEB_CONCURRENCY", default=1)
WEB_THREADS = env.int("WEB_THREADS", default=8)
WORKER_THREADS = env.int("WORKER_THREADS", default=4)

# Apps ------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "rcm_site",
    "accounts",
    "claims",
    "analytics",
    "rcm_site.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "axes",
    "csp",
    "django_htmx",
    "django_prometheus",
    "import_export",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "rcm_site.logs.RequestLog",
    "rcm_site.request_minutes.CountAnswers",
    "rcm_site.content_policy.one_policy",  # before files and redirects are answered: they get the policy too
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "rcm_site.health.Probes",
    "rcm_site.api.never_cached",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.sessions.SessionLimits",
    "accounts.access.RequireAccess",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
    "rcm_site.health.Counted",
]

ROOT_URLCONF = "rcm_site.urls"
WSGI_APPLICATION = "rcm_site.wsgi.application"
FORM_RENDERER = "rcm_site.forms.SiteFormRenderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "rcm_site.navigation.page_frame",
            ],
            "builtins": ["rcm_site.templatetags.ui", "rcm_site.templatetags.rows"],
        },
    },
]

# Data ------------------------------------------------------------------------------------------

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = ["models.W040"]  # SQLite leaves out an index's non-key columns, and may
DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'rcm.sqlite3'}")}
SQLITE_IN_PRODUCTION = env.bool("SQLITE_IN_PRODUCTION", default=False)
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # A reader that turns writer in mid-transaction fails at once in SQLite, whatever the time-out.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # With recursive triggers the guards of the audit trail see what REPLACE deletes, too.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA recursive_triggers=ON;",
    }
    # In memory all threads of a test's live server would share one connection.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
else:
    DATABASES["default"] |= {"ENGINE": "rcm_site.postgresql", "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    # A server that hangs is noticed in seconds, and answered for with a 503.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 3)
    # What we ask is written to be quick: to compile it first takes longer than to do it, and so does to start
    # workers for what one does in 20 ms, or for the parts of a sum, which are many and small.
    DATABASES["default"]["OPTIONS"].setdefault(
        "options", "-c jit=off -c parallel_setup_cost=5000 -c enable_parallel_append=off"
    )
    # Of the statements that `rcm_site.prepared` is for: from the second time on a connection.
    PREPARED_STATEMENTS = env.bool("PREPARED_STATEMENTS", default=True)
    DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 1 if PREPARED_STATEMENTS else None

REDIS_URL = env.str("REDIS_URL", default="")
# A hung Redis must cost a request a moment, not a minute: short waits, and no second try.
IMPATIENT_REDIS = {"socket_timeout": 0.3, "socket_connect_timeout": 0.3, "retry": Retry(NoBackoff(), 0)}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": IMPATIENT_REDIS,
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        # A full cache throws entries out, and with them the count of who asked how often.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    # Each process for itself: what is here says of which version of the claims it is (`analytics.caching`).
    "facts": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "facts",
        "TIMEOUT": 600,
        "OPTIONS": {"MAX_ENTRIES": 2_000},
    },
    # Of thousands of rows each, and so a megabyte or more: few of them.
    "long_facts": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "long_facts",
        "TIMEOUT": 600,
        "OPTIONS": {"MAX_ENTRIES": 20},
    },
}
FACTS_CACHE = env.bool("FACTS_CACHE", default=True)

# Accounts --------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.throttle.AddressGuard",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
PASSWORD_RESET_TIMEOUT = int(timedelta(hours=4).total_seconds())
INVITATION_LIFETIME = timedelta(days=env.int("INVITATION_DAYS", default=7))

ACCOUNT_FORMS = {
    "login": "accounts.forms.SignInForm",
    "reset_password": "accounts.forms.ForgottenPasswordForm",
}
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # people are invited at their address, nobody signs up
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
# django-axes and AddressGuard count failures in the database; allauth's own limits need the cache.
ACCOUNT_RATE_LIMITS = False

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # the time that a person is told is true
AXES_USERNAME_CALLABLE = "accounts.throttle.account_of"
AXES_CLIENT_IP_CALLABLE = "accounts.audit.client_address"
AXES_HTTP_RESPONSE_CODE = 429
AXES_LOCKOUT_CALLABLE = "accounts.throttle.locked_out"
AXES_SENSITIVE_PARAMETERS = ["password"]
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_IDLE_LIMIT = timedelta(minutes=env.int("SESSION_IDLE_MINUTES", default=15))
SESSION_ABSOLUTE_LIMIT = timedelta(hours=env.int("SESSION_ABSOLUTE_HOURS", default=12))
SESSION_COOKIE_AGE = int(SESSION_ABSOLUTE_LIMIT.total_seconds())
SESSION_COOKIE_NAME = "rcm_session"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "rcm_site.errors.csrf_failed"

# API -------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.tokens.TokenAuthentication",
        "accounts.tokens.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.access.RoleAllows"],
    "DEFAULT_PARSER_CLASSES": ["rcm_site.api.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "rcm_site.api.Cursor",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "rcm_site.api.answer_error",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=10),
    "REFRESH_TOKEN_LIFETIME": timedelta(hours=12),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "UPDATE_LAST_LOGIN": False,
    "ALGORITHM": "HS256",
    "SIGNING_KEY": derived_key(SECRET_KEY, "jwt"),
    "ISSUER": "rcm",
    "AUDIENCE": "rcm-api",
    "CHECK_REVOKE_TOKEN": True,
    "REVOKE_TOKEN_CLAIM": "password_mark",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Revenue cycle API",
    "VERSION": "1",
    "DESCRIPTION": "Sign in at `/api/auth/token` and send `Authorization: Bearer …` with each request.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["accounts.access.RoleAllows"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/",
    "ENUM_NAME_OVERRIDES": {
        "ClaimStatus": "claims.models.Claim.Status",
        "ClaimKind": "claims.models.Claim.Kind",
        "DenialCategory": "claims.api.shapes.DENIAL_CATEGORIES",
        "ExportKind": "analytics.exports.kinds.KIND_CHOICES",
        "ExportFormat": "analytics.models.Export.Format",
        "CheckedEvery": "analytics.models.AlertRule.Every",
        "DeliveryState": "analytics.models.Delivery.State",
        "ExportState": "analytics.models.Export.State",
        "SentEvery": "analytics.models.Schedule.Every",
        "SentFormat": "analytics.models.Schedule.Format",
        "TaskKind": "claims.models.Task.Kind",
        "PlannedTaskKind": "claims.pages.tasks.KINDS",
        "WriteOffReason": "claims.models.WriteOff.Reason",
        "PaidBackTo": "claims.models.PayBack.To",
        "PaidBackWay": "claims.models.PayBack.Way",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "rcm_site.api_schema.describe_errors",
    ],
}

# Claims ----------------------------------------------------------------------------------------

# A function from symptoms to `claims.assessors.Assessed`.
TRIAGE_ASSESSOR = env.str("TRIAGE_ASSESSOR", default="claims.assessors.by_rules")

# Payers and departments that a file names and nobody knows: "create" them, or "refuse" their claims.
UNKNOWN_PAYERS = env.str("UNKNOWN_PAYERS", default="create")
UNKNOWN_DEPARTMENTS = env.str("UNKNOWN_DEPARTMENTS", default="refuse")
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", default=512_000_000)
IMPORT_KEEP_DAYS = env.int("IMPORT_KEEP_DAYS", default=30)
IMPORTS_AT_ONCE = env.int("IMPORTS_AT_ONCE", default=2)
EXPORT_MAX_ROWS = env.int("EXPORT_MAX_ROWS", default=1_000_000)
# Stands above letters to payers, its lines with a bar between them: the name, the address, how to be reached.
LETTERHEAD = env.str("LETTERHEAD", default=SITE_NAME)
APPEAL_ANSWER_DAYS = env.int("APPEAL_ANSWER_DAYS", default=60)
FILE_UPLOAD_HANDLERS = [
    "claims.imports.size_limit.RefuseTooLarge",  # first: it looks at the announced length alone
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# By how much a payment may miss what a contract says, in dollars and in percent of it: only what is short by
# more than both is worth pursuing.
UNDERPAID_DOLLARS = Decimal(env.str("UNDERPAID_DOLLARS", default="1.00"))
UNDERPAID_PERCENT = Decimal(env.str("UNDERPAID_PERCENT", default="1"))

# What one person may write off or pay back of a claim; more takes the consent of somebody who leads.
WRITE_OFF_LIMIT = Decimal(env.str("WRITE_OFF_LIMIT", default="25.00"))

# Net fees on their way downstream. With a webhook, somebody else keeps the ledger.
PAYMENTS_WEBHOOK_URL = env.str("PAYMENTS_WEBHOOK_URL", default="")
PAYMENTS_WEBHOOK_SECRET = env.str("PAYMENTS_WEBHOOK_SECRET", default="")
PAYMENTS_RESEND_SECONDS = env.int("PAYMENTS_RESEND_SECONDS", default=30)

# Made-up claims that the first start of an installation for trying out comes with.
DEMO_CLAIMS = env.int("DEMO_CLAIMS", default=12_000)

# Workers and mail ------------------------------------------------------------------------------

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://")
if CELERY_BROKER_URL.startswith("filesystem"):
    _broker_dir = VAR_DIR / "broker"
    (_broker_dir / "control").mkdir(mode=0o700, parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker_dir),
        "data_folder_out": str(_broker_dir),
        "control_folder": str(_broker_dir / "control"),
        "polling_interval": 0.1,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 25,
        "visibility_timeout": 900,  # longer than any task may run, or a long one is given out twice
    }
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker outlasts any outage
CELERY_TASK_PUBLISH_RETRY = False  # a tick that cannot be sent is made up for by the next
CELERY_TASK_DEFAULT_QUEUE = "rcm"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_TASK_TIME_LIMIT = 600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
# Nobody steers workers from afar: /health and /metrics say how they are, and files carry no broadcasts.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BEAT_SCHEDULER = "rcm_site.beat:Beat"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_TIMEZONE = TIME_ZONE = env.str("TIME_ZONE", default="America/New_York")

EMAIL_BACKEND = "rcm_site.mail.QueueBackend"
_email = env.email_url("EMAIL_URL", default=f"filemail://{VAR_DIR / 'mail'}")
MAIL_TRANSPORT = _email.pop("EMAIL_BACKEND")  # what the queue empties into
# django-environ takes the path's first slash away.
EMAIL_FILE_PATH = f"/{_email.pop('EMAIL_FILE_PATH').lstrip('/')}"
vars().update(_email)
# Instead of a mail server a provider's API; what it needs is named as django-anymail names it.
EMAIL_PROVIDER = env.str("EMAIL_PROVIDER", default="")
ANYMAIL = env.dict("EMAIL_PROVIDER_SETTINGS", default={})
if EMAIL_PROVIDER:
    MAIL_TRANSPORT = f"anymail.backends.{EMAIL_PROVIDER}.EmailBackend"
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=10)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="rcm@localhost")

# Telling others --------------------------------------------------------------------------------

# Machines of one's own network that webhooks may call, over http too; nothing else inside is ever called.
WEBHOOK_INSIDE_HOSTS = env.list("WEBHOOK_INSIDE_HOSTS", default=[])
# A function from a number and a text to the answer: `to_console` prints, `over_http` posts as to Twilio.
TEXT_MESSAGES = env.str("TEXT_MESSAGES", default="analytics.telling.text_messages.to_console")
TEXT_URL = env.str("TEXT_URL", default="")
TEXT_FROM = env.str("TEXT_FROM", default="")
TEXT_ACCOUNT = env.str("TEXT_ACCOUNT", default="")
TEXT_TOKEN = env.str("TEXT_TOKEN", default="")

# Security --------------------------------------------------------------------------------------

HTTPS = env.bool("HTTPS", default=PRODUCTION)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health", r"^metrics$"]  # asked from inside, without TLS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

# Logs and metrics --------------------------------------------------------------------------------

LOGGING_CONFIG = "rcm_site.logs.set_up"
LOGGING = {"private": PRODUCTION, "level": env.str("LOG_LEVEL", default="INFO")}
# Who is told when the site itself is unwell, whatever people set up in its rules.
SYSTEM_ALERT_ADDRESSES = env.list("SYSTEM_ALERT_ADDRESSES", default=[])
BACKUP_MARK = env.str("BACKUP_MARK", default="")
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")  # without one, only this machine reads /metrics

# Language, time, static files --------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
USE_TZ = True
FORMAT_MODULE_PATH = "rcm_site.formats"  # dates in the admin as everywhere else
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles" if PRODUCTION else None  # embedded, files are served where they lie
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION
