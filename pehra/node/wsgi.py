"""The web application as a WSGI server loads it: one process with a pool of database connections.

Each connection stands before the second wall from its first statement: what no request was bound for reads no row.
"""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pehra.node.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application

# What `pehra serve` said after Django had taken its copy of the settings.
from pehra.node import settings as node

# Threads come and go; a pool keeps their number of connections bounded. Only here: a command needs one connection.
if node.PEHRA_WALL:
    settings.DATABASES["default"].update(node.walled_database(role="pehra_web"))
settings.DATABASES["default"]["OPTIONS"] = node.hurried(settings.DATABASES["default"]["OPTIONS"])
options: Any = settings.DATABASES["default"]["OPTIONS"]
options["pool"] = {"min_size": 1, "max_size": 12, "timeout": 10}

application = get_wsgi_application()
