"""What `up`, `serve` and `work` do around their work: hold the database, lay out a new node, say where to look."""

import contextlib
import http.client
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from pehra.kernel.actors import system

LINK_VALID = timedelta(days=7)
_ASK_SECONDS = 2


@contextlib.contextmanager
def as_child() -> Iterator[None]:
    """Hold the database and the parts for a process that runs on, and end with the supervisor if there is one."""
    from pehra.node import settings
    from pehra.node.serving import end_with_parent
    from pehra.node.session import node_session

    if settings.PEHRA_SUPERVISOR:
        end_with_parent(settings.PEHRA_SUPERVISOR)
    with node_session():
        from django.db import connections

        _stand_before_the_wall()
        connections.close_all()
        yield


def _stand_before_the_wall() -> None:
    """Let this process and its children open the database as who passes no wall; say so where there is none."""
    from pehra.access import api as access
    from pehra.node import settings

    flaws = access.second_wall_flaws()
    os.environ["PEHRA_WALL"] = settings.PEHRA_WALL = "" if flaws else "1"
    for flaw in flaws:
        click.echo(f"pehra: the second wall does not stand: {flaw}. `pehra doctor` says what to do.", err=True)


def run_all(
    *, host: str, port: int, sample: bool, seed: int, lay_out: Callable[..., Any], say: Callable[[str], None]
) -> None:
    """Run database, web and worker until somebody asks for the end."""
    from pehra.node import initialise, serving, settings, supervisor
    from pehra.node.database.place import make_data_folder

    data = Path(settings.PEHRA_DATA)
    make_data_folder(data)
    port = port or _free_port(host)
    # Browsers make passkeys for a name, and take this one as secure without a certificate.
    name = {"127.0.0.1": "localhost"}.get(host, f"[{host}]" if ":" in host else host)
    address = f"http://{name}:{port}"
    with supervisor.only_one(data, address):
        serving.refuse_busy_port(host, port)
        initialise.make_secrets(data)
        fresh = initialise.noted_layout(data) is None
        with _held(settings, say) as mend:
            layout = lay_out(profile=None, sample=sample and fresh, seed=seed)
            links = _links(layout.people, address)
            with supervisor.stopping_on_signals() as stopping:
                supervisor.supervise(
                    [
                        supervisor.Child(
                            name="web",
                            arguments=["serve", "--host", host, "--port", str(port)],
                            environment={"PEHRA_HOSTS": _hosts(host), **_public(host, address)},
                        ),
                        supervisor.Child(name="worker", arguments=["work"], environment=_public(host, address)),
                    ],
                    stopping=stopping,
                    say=say,
                    mend_database=mend,
                    ready=lambda: _answers(host, port),
                    when_ready=lambda: _greet(address, links),
                )
        say("stopped")


@contextlib.contextmanager
def _held(settings: Any, say: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """Hold the embedded server for the whole time; yield what starts it again should it end."""
    from pehra.node.session import embedded_database

    if settings.DATABASE_URL:
        yield lambda: False
        return
    say("starting the database")
    server: Any = embedded_database()
    server.start()

    def mend() -> bool:
        if server.is_ready():
            return False
        server.stop()
        server.start()
        return True

    try:
        yield mend
    finally:
        server.stop()


def _hosts(host: str) -> str:
    """The names that the web answers to: those set, and the address it was told to listen on."""
    from pehra.node import settings

    everywhere = host in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
    named = [socket.gethostname(), socket.getfqdn()] if everywhere else [f"[{host}]" if ":" in host else host]
    return ",".join(dict.fromkeys([*settings.PEHRA_HOSTS, *named]))


def _public(host: str, address: str) -> dict[str, str]:
    """The name under which this node signs and is called, where nobody set one and it listens in one place."""
    from pehra.node import settings

    return {} if settings.PEHRA_URL or host in ("0.0.0.0", "::") else {"PEHRA_URL": address}  # noqa: S104


def _free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.bind((host, 0))
        return int(trial.getsockname()[1])


def _answers(host: str, port: int) -> bool:
    """Whether the web answers, with whatever: a fault is shown by the page, and its address must be known."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    asked = http.client.HTTPConnection(shown, port, timeout=_ASK_SECONDS)
    try:
        asked.request("GET", "/", headers={"Host": f"localhost:{port}"})
        asked.getresponse()
        return True
    except OSError:
        return False
    finally:
        asked.close()


def _links(people: Sequence[tuple[str, str]], address: str) -> list[tuple[str, str]]:
    """New one-time sign-in links for the sample cast: a link of an earlier start may have been used."""
    from uuid import UUID

    from pehra.access import api as access
    from pehra.kernel import clock
    from pehra.node.session import node_session

    with node_session():
        at = clock.now()
        tokens = [
            access.issue_link(person_id=UUID(person), by=system("cli"), at=at, valid=LINK_VALID) for person, _ in people
        ]
    return [(who, f"{address}/access/link/{token}") for (_, who), token in zip(people, tokens, strict=True)]


def _greet(address: str, links: list[tuple[str, str]]) -> None:
    click.echo(f"\nPehra is watching: {address}")
    if links:
        click.echo("\nThe nation is a sample. Sign in as one of its people; each link works once, for seven days:")
        width = max(len(who) for who, _link in links)
        for who, link in links:
            click.echo(f"  {who:<{width}}  {link}")
    click.echo("\nCtrl-C stops it.", nl=True)
