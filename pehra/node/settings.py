"""Django's settings: the only place that reads the environment.

Everything a deployment may set is a variable named here; nothing else reads `os.environ`. What `pehra init` decides
once (the profile, the secret key) is read from the data folder. Nothing here makes a file or asks a server.
"""

import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import global_settings

from pehra.kernel.refusals import Refusal
from pehra.node.database.place import known_place

ROOT = Path(__file__).resolve().parents[2]

# --- The node: where it keeps things, whose law it follows -----------------------------------------------------------


def _noted(folder: Path) -> dict[str, Any]:
    """What `pehra init` wrote down."""
    try:
        note = json.loads((folder / "node.json").read_text())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _data_by_default() -> Path:
    try:
        return Path.home() / ".local/share/pehra"
    except RuntimeError:
        raise Refusal("This account has no home folder: set PEHRA_DATA to a folder of its own.") from None


PEHRA_DATA = Path(os.environ.get("PEHRA_DATA") or _data_by_default()).absolute()
PEHRA_PROFILE = os.environ.get("PEHRA_PROFILE") or _noted(PEHRA_DATA).get("profile", "pk")
PEHRA_PROFILES = os.environ.get("PEHRA_PROFILES", "")  # a folder of profiles, instead of those that ship
if PEHRA_PROFILES:
    from pehra.law.api import use_profiles_folder  # here: most nodes use those that ship

    use_profiles_folder(Path(PEHRA_PROFILES))
PEHRA_LAKE = PEHRA_DATA / "lake"
PEHRA_VAULT = PEHRA_DATA / "vault"  # files as they were received, by their hash
PEHRA_OUTBOX_URL = os.environ.get("PEHRA_OUTBOX_URL") or f"maildir://{PEHRA_DATA / 'maildir'}"
PEHRA_OUTBOX_FROM = os.environ.get("PEHRA_OUTBOX_FROM") or "Pehra <pehra@localhost>"  # in whose name mail is sent
# From which marking on a message leaves only encrypted (`never`: none); and who knows the keys of recipients.
PEHRA_OUTBOX_ENCRYPT_FROM = os.environ.get("PEHRA_OUTBOX_ENCRYPT_FROM") or "TLP:RED"
PEHRA_OUTBOX_KEYS_FROM = "pehra.registry.api.mail_keys_for"
PEHRA_URL = os.environ.get(
    "PEHRA_URL", ""
)  # the public address, such as https://pehra.example; https makes cookies secure
PEHRA_HOSTS = [host for host in os.environ.get("PEHRA_HOSTS", "").split(",") if host]  # further names it answers to
# Networks beside the public one where relying services stand, such as 10.20.0.0/16: addresses there are called as well.
PEHRA_SERVICE_NETWORKS = [name for name in os.environ.get("PEHRA_SERVICE_NETWORKS", "").split(",") if name.strip()]
# A time-stamping authority (RFC 3161) that is asked to stamp the hash of evidence, and a file (PEM) with its root.
PEHRA_TSA_URL = os.environ.get("PEHRA_TSA_URL", "")
PEHRA_TSA_CERTIFICATES = os.environ.get("PEHRA_TSA_CERTIFICATES", "")
# Processes of the web: Python uses one core a process. More than cores help nobody.
PEHRA_WEB_PROCESSES = int(os.environ.get("PEHRA_WEB_PROCESSES") or min(2, os.cpu_count() or 1))
PEHRA_LOG_LEVEL = os.environ.get("PEHRA_LOG_LEVEL", "warning")
PEHRA_PG_BIN = os.environ.get("PEHRA_PG_BIN", "")  # the folder of other PostgreSQL programs for the embedded server
PEHRA_DB_USER = os.environ.get("PEHRA_DB_USER", "")  # as root: the account that runs the embedded server
PEHRA_SUPERVISOR = int(
    os.environ.get("PEHRA_SUPERVISOR") or 0
)  # set by `pehra up` for its children: its process number

# --- The database ----------------------------------------------------------------------------------------------------


# What is looked up lies in memory or on a disk without arms: PostgreSQL's old guess has it read whole tables instead.
PLANNED_FOR = "-c random_page_cost=1.1"


def database(url: str) -> dict[str, object]:
    """Read `postgresql://user:password@host:port/name?host=/socket/folder` as a Django database."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    options: dict[str, str] = {"options": PLANNED_FOR}
    options |= {name: query[name][0] for name in ("sslmode", "sslrootcert", "sslcert", "sslkey") if name in query}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "pehra",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query["host"][0] if "host" in query else parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASE_URL = os.environ.get("DATABASE_URL", "")  # empty: the embedded server in the data folder
DATABASES = {"default": database(DATABASE_URL or f"postgresql://pehra@/pehra?host={known_place(PEHRA_DATA).socket}")}
# As whom the web and the worker open it, in place of the roles that `pehra init` made (docs/use/database.md).
PEHRA_WEB_DATABASE_URL = os.environ.get("PEHRA_WEB_DATABASE_URL", "")


def walled_database(*, role: str) -> dict[str, object]:
    """The database as the web and the worker open it: as an account, or at least in a role, that passes no wall."""
    here = f"postgresql://pehra_web@/pehra?host={known_place(PEHRA_DATA).socket}"
    walled = database(PEHRA_WEB_DATABASE_URL or DATABASE_URL or here)
    if walled["USER"] != role:
        walled["OPTIONS"] = {**walled["OPTIONS"], "options": f"{PLANNED_FOR} -c role={role}"}  # type: ignore[dict-item]
    return walled


# How long the web may keep the database busy with one request. A command and a worker may take as long as they need.
PEHRA_WEB_STATEMENT_SECONDS = int(os.environ.get("PEHRA_WEB_STATEMENT_SECONDS") or 20)


def hurried(options: Any) -> dict[str, object]:
    """The same options of a connection, with an end to statements, to waiting for a lock and to idling in an act."""
    seconds = PEHRA_WEB_STATEMENT_SECONDS
    limits = {
        "statement_timeout": seconds,
        "lock_timeout": min(10, seconds),
        "idle_in_transaction_session_timeout": 2 * seconds,
    }
    said = " ".join(f"-c {name}={limit}s" for name, limit in limits.items())
    return {**options, "options": f"{options.get('options', '')} {said}".strip()}


PEHRA_WALL = os.environ.get("PEHRA_WALL", "")  # set by `pehra serve` for its own processes: the second wall stands
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Secrets and doors -----------------------------------------------------------------------------------------------


def _secret_key() -> str:
    """The key that `pehra init` made; before that one that lives as long as the process: never a guessable one."""
    try:
        return (PEHRA_DATA / "secret.key").read_text().strip() or secrets.token_urlsafe(50)
    except OSError:
        return secrets.token_urlsafe(50)


SECRET_KEY_GIVEN = bool(os.environ.get("PEHRA_SECRET_KEY"))
SECRET_KEY = os.environ.get("PEHRA_SECRET_KEY") or _secret_key()
DEBUG = False
_PUBLIC = urlsplit(PEHRA_URL)
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *PEHRA_HOSTS, *([_PUBLIC.hostname] if _PUBLIC.hostname else [])]
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600  # one shift
CSRF_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# How much one may ask (docs/use/hardening.md). Every address; programs' doors take less (pehra/web/machines.py).
PEHRA_REQUEST_BYTES_MAX = int(os.environ.get("PEHRA_REQUEST_BYTES_MAX") or 10 * 1024 * 1024)
PEHRA_REQUESTS_PER_MINUTE_ADDRESS = int(os.environ.get("PEHRA_REQUESTS_PER_MINUTE_ADDRESS") or 600)
PEHRA_REQUESTS_PER_MINUTE_ACCOUNT = int(os.environ.get("PEHRA_REQUESTS_PER_MINUTE_ACCOUNT") or 900)
# What people without an account may hand in: a mobile network is many people behind one address, a full disk is nobody.
PEHRA_REPORTS_PER_DAY_ADDRESS = int(os.environ.get("PEHRA_REPORTS_PER_DAY_ADDRESS") or 200)
PEHRA_REPORT_MIB_PER_DAY_ADDRESS = int(os.environ.get("PEHRA_REPORT_MIB_PER_DAY_ADDRESS") or 256)
DATA_UPLOAD_MAX_MEMORY_SIZE = PEHRA_REQUEST_BYTES_MAX
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 10
# What is handed in may hold secrets (a leak of credentials): it is never written to a temporary file.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = DATA_UPLOAD_MAX_MEMORY_SIZE
if _PUBLIC.scheme == "https":
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    CSRF_TRUSTED_ORIGINS = [f"https://{_PUBLIC.netloc}"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = os.environ.get("PEHRA_HSTS_SUBDOMAINS") == "1"
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # TLS ends at a proxy, which must set or drop this

# --- Parts -----------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "procrastinate.contrib.django",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.idp.oidc",
    "pehra.ledger",
    "pehra.access",
    "pehra.desk",
    "pehra.registry",
    "pehra.outbox",
    "pehra.intel",
    "pehra.telemetry",
    "pehra.findings",
    "pehra.signals",
    "pehra.incidents",
    "pehra.threads",
    "pehra.intake",
    "pehra.drill",
    "pehra.node",
    "pehra.web",
]
AUTH_USER_MODEL = "access.Person"
USE_TZ = True
TIME_ZONE = "UTC"
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
# What takes the findings of a leak further: incidents lie above the part that takes leaks in, and the node knows both.
PEHRA_LEAKS_GO_ON_TO = ("pehra.incidents.api.open_from_findings",)
# Who says which files of the vault its rows name: every part that keeps one. A file that none names may be removed.
PEHRA_VAULT_NAMED_BY = (
    "pehra.outbox.api.files_named",
    "pehra.incidents.api.files_named",
    "pehra.threads.api.files_named",
    "pehra.intake.api.files_named",
)
# What takes feeds that came by mail further: the machine road is the node's, and intake lies below it.
PEHRA_FEEDS_GO_ON_TO = "pehra.node.engine.ingest"
# Mailboxes that are read (mailboxes.toml in the data folder): their passwords, by the mailbox's name.
_PASSWORD_OF = "PEHRA_MAILBOX_PASSWORD_"  # noqa: S105 - how variables begin
PEHRA_MAILBOX_PASSWORDS = {
    name.removeprefix(_PASSWORD_OF).lower(): said for name, said in os.environ.items() if name.startswith(_PASSWORD_OF)
}
LOGGING_CONFIG = "pehra.node.logs.configure"
LOGGING = {"level": PEHRA_LOG_LEVEL}

# --- Web: URLs, middleware, templates, languages, static files --------------------------------------------------------

ROOT_URLCONF = "pehra.web.urls"
WSGI_APPLICATION = "pehra.node.wsgi.application"

# Pages (the part `web`).
PEHRA_FONTS = Path(os.environ.get("PEHRA_FONTS") or ROOT / "fonts")
LANGUAGES = [("en", "English"), ("ur", "اردو")]
LANGUAGE_CODE = "en"
LOCALE_PATHS = [ROOT / "pehra/web/locale"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                "pehra.web.templatetags.pehra",
                "pehra.web.templatetags.reasons",
                "django.templatetags.i18n",
                "django.templatetags.static",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "pehra.web.shell.shell",
            ],
        },
    }
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "pehra.web.middleware.security_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "pehra.web.machines.machine_doors",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "pehra.web.limits.limits",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "pehra.web.middleware.second_wall",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "pehra.web.middleware.Acting",
]
AUTHENTICATION_BACKENDS = ["pehra.access.sessions.backend.SignInBackend"]
LOGIN_URL = "access:sign-in"

# Sign-in (the part `access`, over django-allauth).
# Two factors before anything opens. A node that was laid out with the sample nation is for looking at: there a link is
# enough, unless this asks for more. No variable asks for less.
PEHRA_MFA_REQUIRED = bool(os.environ.get("PEHRA_MFA_REQUIRED")) or not _noted(PEHRA_DATA).get("sample")
PEHRA_SESSION_IDLE_SECONDS = 2 * 3600  # without a press or a page for so long, a session ends
# Device codes and rate limits must be seen by every process: the cache is a table, made by `pehra init`. Whoever could
# fill it would have counters thrown out, so it is large.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
ACCOUNT_ADAPTER = "pehra.access.sessions.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_USER_DISPLAY = "pehra.access.sessions.adapters.name_of"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]  # nobody signs up; this gives the sign-in form its password field
ACCOUNT_EMAIL_VERIFICATION = "none"  # addresses are given by whoever enrols a person, never claimed
# Passwords are counted by pehra/access/sessions/attempts.py; codes of a second factor by allauth, an account at a time:
# who tries them has passed the first factor. No limit by address alone: an office shares one.
ACCOUNT_RATE_LIMITS = {"login": "", "login_failed": "5/5m/key"}
ACCOUNT_SESSION_REMEMBER = False  # a session ends with the browser
ACCOUNT_LOGOUT_REDIRECT_URL = "access:sign-in"
LOGIN_REDIRECT_URL = "web:situation"
MFA_ADAPTER = "pehra.access.sessions.adapters.SecondFactorAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # a passkey alone counts as two factors only if it asks for PIN or finger
MFA_TOTP_ISSUER = "Pehra"
AUTH_PASSWORD_VALIDATORS = [{"NAME": "pehra.access.sessions.passwords.GoodPassword"}]
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if _PUBLIC.scheme == "https" else 0
# Other organisations' sign-in (providers.toml in the data folder): their client secrets, by the provider's id.
_SECRET_OF = "PEHRA_PROVIDER_SECRET_"  # noqa: S105 - how variables begin
PEHRA_PROVIDER_SECRETS = {
    name.removeprefix(_SECRET_OF).lower(): value for name, value in os.environ.items() if name.startswith(_SECRET_OF)
}
# The OpenID provider (the part `access`, over django-allauth). Its issuer is PEHRA_URL; its keys are files.
IDP_OIDC_ADAPTER = "pehra.access.views.provider.grants.Adapter"
IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN = 600
IDP_OIDC_AUTHORIZATION_CODE_EXPIRES_IN = 60
IDP_OIDC_REFRESH_TOKEN_EXPIRES_IN = 12 * 3600  # the longest; each is cut to the sign-in it came of
IDP_OIDC_ROTATE_REFRESH_TOKEN = True
IDP_OIDC_DEVICE_CODE_EXPIRES_IN = 300
IDP_OIDC_DEVICE_CODE_INTERVAL = 5
IDP_OIDC_INTROSPECTION_ENABLED = True
IDP_OIDC_INTROSPECTION_CROSS_CLIENT_ALLOWED = True  # of another service only what it says for itself: see the adapter
IDP_OIDC_RATE_LIMITS = {"introspect_ip": "600/m/ip", "introspect_client": "1200/m/key", "device_user_code": "10/m/key"}
PASSWORD_HASHERS = [*global_settings.PASSWORD_HASHERS, "pehra.access.gateways.client_secrets.RandomSecretHasher"]
STATIC_URL = "static/"
STATIC_ROOT = Path(os.environ.get("PEHRA_STATIC") or ROOT / "staticfiles")
STATICFILES_DIRS = [("fonts", PEHRA_FONTS)]
SILENCED_SYSTEM_CHECKS = ["staticfiles.W004"]  # the fonts are fetched at set-up; pages stand without them
# Before `collectstatic` has run (a checkout, the tests) files are served from where they lie.
_STATIC_BUILT = (STATIC_ROOT / "staticfiles.json").is_file()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _STATIC_BUILT or "collectstatic" in sys.argv
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not _STATIC_BUILT
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# Under https a browser keeps these for this very host alone, and sends them only there (RFC 6265bis, `__Host-`).
COOKIE_PREFIX = "__Host-" if _PUBLIC.scheme == "https" else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}pehra_session"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}pehra_csrf"
LANGUAGE_COOKIE_NAME = f"{COOKIE_PREFIX}django_language"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = _PUBLIC.scheme == "https"
CSRF_FAILURE_VIEW = "pehra.web.refused.csrf_failure"
