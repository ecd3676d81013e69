"""Django's settings. What differs between sites comes from the environment: see `damage.environment`."""

import os
from typing import Any

import dj_database_url
from django.utils.translation import gettext_lazy as _

from damage.data_folder import DATABASE_FILE, prepare_data_folder
from damage.environment import BASE_DIR, read_environment

ENVIRONMENT = read_environment(os.environ)

DEBUG = ENVIRONMENT.debug
SECRET_KEY = ENVIRONMENT.secret_key
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts
DATA_DIR = ENVIRONMENT.data_dir
prepare_data_folder(DATA_DIR, holds_database=not ENVIRONMENT.database_url)

INSTALLED_APPS = [
    "damage.accounts",
    "damage.ingestion",
    "tagging",
    "training",
    "prediction",
    "damage.practice",
    "damage.apps.SiteConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_tasks",
    "django_tasks_db",
]

MIDDLEWARE = [
    "damage.readable.refuse_unreadable",
    "django.middleware.security.SecurityMiddleware",
    "damage.security.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "damage.unavailable.Sessions",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "damage.unavailable.ExplainTrouble",
]

ROOT_URLCONF = "damage.urls"
WSGI_APPLICATION = "damage.wsgi.application"
ASGI_APPLICATION = "damage.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "damage.ingestion.joining.context.standing",
            ]
        },
    }
]

# WAL lets people tag while a worker writes; IMMEDIATE takes the write lock at BEGIN, where waiting works. FULL flushes
# every commit to the disk: a phone forgets a tag once it is acknowledged, so no power cut may lose it. PostgreSQL does
# so by default (synchronous_commit).
SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": DATA_DIR / DATABASE_FILE,
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    },
}
DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(ENVIRONMENT.database_url) if ENVIRONMENT.database_url else SQLITE
}
# Opening a database costs as much as a tag, and closing SQLite's last connection empties its log; one that broke is
# opened anew.
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["damage.accounts.backends.LimitedBackend"]
AUTH_PASSWORD_VALIDATORS = [
    *(
        {"NAME": f"django.contrib.auth.password_validation.{name}"}
        for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
    ),
    {"NAME": "damage.accounts.validators.NewPasswordEndsTokens"},
]
# django-allauth logs people in, with names and passwords or passkeys. No mail is sent, and nobody signs up without an
# invitation. Its limits are kept in a cache that each process has of its own; ours are counted from rows.
ACCOUNT_ADAPTER = "damage.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = False
MFA_ADAPTER = "damage.accounts.adapters.PasskeyAdapter"
MFA_SUPPORTED_TYPES = ["webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RATE_LIMITS = False
PROXIES = ENVIRONMENT.proxies
LOGIN_URL = "login"
CSRF_FAILURE_VIEW = "damage.views.csrf_failure"
LOGIN_REDIRECT_URL = "front"
LOGOUT_REDIRECT_URL = "front"

LANGUAGE_CODE = ENVIRONMENT.language
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = ENVIRONMENT.time_zone
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# In development files are served from where they are; a real site collects them first.
STATIC_ROOT = None if DEBUG else BASE_DIR / "build" / "static"
STORAGES = {
    "default": {"BACKEND": "damage.storage.DurableStorage"},
    # Collected files are compressed for slow links, and named by their content so that browsers keep them.
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Imagery is never served as plain files: each view decides who may see it, so there is no MEDIA_URL.
MEDIA_ROOT = DATA_DIR / "files"
WHITENOISE_USE_FINDERS = DEBUG

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]}}

REST_FRAMEWORK = {
    # The first one words the answer to strangers: with the token's, 401 means log in, and 403 not for you.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "damage.accounts.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    # The strictest is the default: a view that forgets to say who may call it is for admins alone.
    "DEFAULT_PERMISSION_CLASSES": ["damage.permissions.ForAdmins"],
    "DEFAULT_PAGINATION_CLASS": "damage.pagination.Pages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "damage.schema.Schema",
    "DEFAULT_RENDERER_CLASSES": ["damage.json_renderer.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["damage.parsing.LimitedJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "damage.negotiation.OwnFormAnyway",
    "DEFAULT_METADATA_CLASS": "damage.negotiation.NameAndDescription",
    "EXCEPTION_HANDLER": "damage.api.answer_error",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "ENUM_NAME_OVERRIDES": {
        "RoleEnum": "damage.accounts.models.Role",
        "SceneRoleEnum": "damage.ingestion.capture.SceneRole",
        "SceneKindEnum": "damage.ingestion.models.SceneKind",
        "ExperimentKindEnum": "training.models.Experiment.Kind",
        "ModelFileKindEnum": "training.models.ModelFile.Kind",
    },
    "TITLE": "Damage",
    "DESCRIPTION": "From drone imagery to a map of earthquake damage.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_ENGINE = "damage.accounts.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600  # a volunteer's phone in the field must not ask for a password every day
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = ENVIRONMENT.https
# The proxy that ends TLS says so in this header, and must drop it from what strangers send.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT.https else None
# A proxy may ask us under another name than it was asked under.
CSRF_TRUSTED_ORIGINS = [
    f"https://{'*' if host.startswith('.') else ''}{host}"
    for host in ALLOWED_HOSTS
    if ENVIRONMENT.https and host != "*"
]
SECURE_HSTS_SECONDS = 31_536_000 if ENVIRONMENT.https else 0

DEFAULT_EXCEPTION_REPORTER = "damage.debug_pages.Reporter"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"damage.accounts": {"level": "INFO"}},  # who came in, and who tried
}
