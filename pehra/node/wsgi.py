"""The web application as a WSGI server loads it: one process with a pool of database connections."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pehra.node.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application

# Threads come and go; a pool keeps their number of connections bounded. Only here: a command needs one connection.
options: Any = settings.DATABASES["default"]["OPTIONS"]
options["pool"] = {"min_size": 1, "max_size": 12, "timeout": 10}

application = get_wsgi_application()
