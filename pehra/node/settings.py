"""Django's settings: the only place that reads the environment.

Everything a deployment may set is a variable named here; nothing else reads `os.environ`.
"""

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
PEHRA_DATA = Path(os.environ.get("PEHRA_DATA") or Path.home() / ".local/share/pehra")
PEHRA_PROFILE = os.environ.get("PEHRA_PROFILE", "pk")
PEHRA_LAKE = PEHRA_DATA / "lake"
PEHRA_OUTBOX_URL = os.environ.get("PEHRA_OUTBOX_URL", f"maildir://{PEHRA_DATA / 'maildir'}")


def database(url: str) -> dict[str, object]:
    """Read `postgresql://user:password@host:port/name?host=/socket/folder` as a Django database."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "pehra",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query["host"][0] if "host" in query else parts.hostname or "",
        "PORT": str(parts.port or ""),
    }


DATABASES = {
    "default": database(os.environ.get("DATABASE_URL") or f"postgresql://pehra@/pehra?host={PEHRA_DATA / 'socket'}")
}
SECRET_KEY = os.environ.get("PEHRA_SECRET_KEY", "not-a-secret-replaced-by-node")
DEBUG = False
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "procrastinate.contrib.django",
    "pehra.ledger",
    "pehra.access",
    "pehra.registry",
    "pehra.outbox",
    "pehra.intel",
    "pehra.telemetry",
    "pehra.findings",
    "pehra.incidents",
    "pehra.drill",
    "pehra.web",
]
AUTH_USER_MODEL = "access.Person"
ROOT_URLCONF = "pehra.web.urls"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
