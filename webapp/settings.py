"""Settings of every Tracewood process. Only this file reads the environment, through ``env.py``.

Every own setting works unset on a laptop; ``docs/settings.md`` explains each one. Reading the
settings never starts the database: the first connection does.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

from webapp.databases import database_from_url, embedded_database
from webapp.env import (
    env_bool,
    env_choice,
    env_folder,
    env_folders,
    env_host_keys,
    env_hosts,
    env_int,
    env_list,
    env_secret,
    env_str,
)
from webapp.logging import logging_config

# paths
BASE_DIR = Path(__file__).resolve().parent.parent
TRACEWOOD_HOME = env_folder("TRACEWOOD_HOME", BASE_DIR / "var")
ARTIFACTS_URL = env_str("ARTIFACTS_URL", str(TRACEWOOD_HOME / "artifacts"))
# Two homes on one machine differ in ports and cookie names.
HOME_KEY = f"{zlib.crc32(str(TRACEWOOD_HOME).encode()):08x}"

# security
DEBUG = env_bool("TRACEWOOD_DEBUG", False)
SECRET_KEY = env_secret("SECRET_KEY", TRACEWOOD_HOME / "secret_key")
TRACEWOOD_HOST = env_str("TRACEWOOD_HOST", "127.0.0.1")
TRACEWOOD_PORT = env_int("TRACEWOOD_PORT", 8100 + int(HOME_KEY, 16) % 900, low=1, high=65535)
TRACEWOOD_HTTPS = env_bool("TRACEWOOD_HTTPS", False)
BASE_URL = env_str("BASE_URL", f"http://{TRACEWOOD_HOST}:{TRACEWOOD_PORT}").rstrip("/")
ALLOWED_HOSTS = [*env_list("ALLOWED_HOSTS"), TRACEWOOD_HOST, "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
CSRF_COOKIE_NAME = f"tracewood_csrf_{HOME_KEY}"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "annotator.views.http.csrf_failure"
CSRF_COOKIE_SECURE = TRACEWOOD_HTTPS
SESSION_ENGINE = "webapp.sessions"
AUTHENTICATION_BACKENDS = ["webapp.backends.PreparedBackend"]
SESSION_COOKIE_NAME = f"tracewood_session_{HOME_KEY}"
SESSION_COOKIE_SECURE = TRACEWOOD_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRACEWOOD_HTTPS else None
SECURE_SSL_REDIRECT = TRACEWOOD_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if TRACEWOOD_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = TRACEWOOD_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
THEME_COOKIE_NAME = "theme"
UPLOAD_MAX_BYTES = env_int("UPLOAD_MAX_MB", 2048, low=1, high=1_048_576) * 2**20
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
FILE_UPLOAD_TEMP_DIR = str(TRACEWOOD_HOME)
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
TRACEWOOD_MODEL_DIRS = env_folders("TRACEWOOD_MODEL_DIRS")
TRACEWOOD_JUDGE_HOSTS = env_hosts("TRACEWOOD_JUDGE_HOSTS", "localhost")
TRACEWOOD_JUDGE_KEYS = env_host_keys("TRACEWOOD_JUDGE_KEYS")

# apps
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "annotator",
    "scoring",
    "webapp",
]
MIDDLEWARE = [
    "webapp.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "webapp.middleware.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "annotator.views.http.ErrorMiddleware",
]
ROOT_URLCONF = "webapp.urls"
WSGI_APPLICATION = "webapp.wsgi.application"
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "annotator.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["annotator.api.rendering.WholeJSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "annotator.api.errors.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tracewood",
    "VERSION": "1",
    "DESCRIPTION": "Trees, labels, jobs, models, scores and datasets.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    # Several fields are called "kind".
    "ENUM_NAME_OVERRIDES": {
        "RaterKindEnum": "scoring.types.RATER_KINDS",
        "CommentKindEnum": "annotator.api.serializers.comments.KINDS",
    },
}

# database
DATABASE_URL = env_str("DATABASE_URL")
DATABASE_NAME = env_str("DATABASE_NAME")
DATABASE_POOL = env_int("DATABASE_POOL", 0, low=0, high=100)
DATABASES: dict[str, dict[str, Any]] = {
    "default": database_from_url(DATABASE_URL, name=DATABASE_NAME, pool=DATABASE_POOL)
    if DATABASE_URL
    else embedded_database(TRACEWOOD_HOME, name=DATABASE_NAME, pool=DATABASE_POOL)
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# cache
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# templates
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
                "webapp.middleware.theme",
            ],
        },
    }
]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# static
STATIC_URL = "/static/"
STATIC_ROOT = TRACEWOOD_HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Only our own files: those that libraries bring (DRF's browsable API, a second htmx) are not used.
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
STATIC_MANIFEST = env_bool("STATIC_MANIFEST", False)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "webapp.static.ModuleManifestStorage"
        if STATIC_MANIFEST
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_ROOT = BASE_DIR / "static" / "root"  # what browsers ask for at fixed addresses
WHITENOISE_USE_FINDERS = not STATIC_MANIFEST
WHITENOISE_AUTOREFRESH = not STATIC_MANIFEST

# jobs
CELERY_BROKER_URL = env_str("CELERY_BROKER_URL")
JOB_STALE_S = env_int("JOB_STALE_S", 60, low=2, high=86_400)
REAP_EVERY_S = env_int("REAP_EVERY_S", 15, low=1, high=3_600)
TRACEWOOD_WORKER_NICE = env_int("TRACEWOOD_WORKER_NICE", 10, low=0, high=19)
GPU_WORKER_MAX_MB = env_int("GPU_WORKER_MAX_MB", 0, low=0, high=16_777_216)

# logging
LOG_FORMAT = env_choice("LOG_FORMAT", "text", ("text", "json"))
LOG_LEVEL = env_choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = logging_config(style=LOG_FORMAT, level=LOG_LEVEL)
