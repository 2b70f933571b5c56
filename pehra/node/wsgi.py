"""The web application as a WSGI server loads it: each process with a pool of database connections.

Each connection stands before the second wall from its first statement: what no request was bound for reads no row.
"""

import gc
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pehra.node.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

# What `pehra serve` said after Django had taken its copy of the settings.
from pehra.node import settings as node

# Threads come and go; a pool keeps their number of connections bounded. Only here: a command needs one connection.
if node.PEHRA_WALL:
    settings.DATABASES["default"].update(node.walled_database(role="pehra_web"))
settings.DATABASES["default"]["OPTIONS"] = node.hurried(settings.DATABASES["default"]["OPTIONS"])
options: Any = settings.DATABASES["default"]["OPTIONS"]
options["pool"] = {"min_size": 1, "max_size": 12, "timeout": 10}

application = get_wsgi_application()
# Every page and door is loaded now, or the first who asks would wait for all of them.
get_resolver().reverse_dict  # noqa: B018 - filled when it is looked at
# What was loaded stays: no collection looks at it again. A request makes tens of thousands of objects and few cycles.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
