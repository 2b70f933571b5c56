"""The web alone: granian over WSGI, a few processes with threads.

WSGI and not ASGI: views are synchronous, and a thread a request under ASGI runs PostgreSQL out of connections.
"""

import os
import socket
import threading
import time

from pehra.kernel.refusals import Refusal

THREADS = 16
BACKPRESSURE = 64  # requests held at once; more wait in the kernel
KILL_SECONDS = 6  # without it one open stream could hold the stop for ever
HEADER_SECONDS = 10  # until a request's head must have come
HEADER_BYTES_MAX = 64 * 1024
_WATCH_SECONDS = 1


def refuse_busy_port(host: str, port: int) -> None:
    """Refuse an address that somebody listens on already, or that is not this machine's."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except socket.gaierror as error:
        raise Refusal(f"{host!r} is no address of this machine: {error.strerror}.") from error
    except PermissionError as error:
        raise Refusal(f"Port {port} needs more rights; choose one above 1023 with --port.") from error
    except OSError as error:
        raise Refusal(
            f"{host}:{port} cannot be used: {error.strerror}. Something else listens there; choose another with --port."
        ) from error


def end_with_parent(parent: int) -> None:
    """End this process when the supervisor that started it is gone, even if it was killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os.kill(os.getpid(), 15)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()


def serve(*, host: str, port: int) -> None:
    """Serve until SIGTERM or Ctrl-C; requests in flight are finished."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    from pehra.node import settings

    Granian(
        "pehra.node.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=settings.PEHRA_WEB_PROCESSES,
        blocking_threads=THREADS,
        backpressure=BACKPRESSURE,
        workers_kill_timeout=KILL_SECONDS,
        http=HTTPModes.http1,  # a proxy speaks HTTP/1 to us; of HTTP/2 there is more to attack and nothing to gain
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000, max_buffer_size=HEADER_BYTES_MAX),
        respawn_failed_workers=False,
        log_level=LogLevels.error,  # its one warning is that threads outnumber cores: they wait for the database
        log_dictconfig={
            "formatters": {name: {"()": "pehra.node.logs.json_formatter"} for name in ("generic", "access")}
        },
    ).serve()
