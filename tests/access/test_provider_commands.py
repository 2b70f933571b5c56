"""`pehra access services` and the worker's own rounds."""

import json

import pytest
from click.testing import CliRunner

from pehra.access import jobs
from pehra.access.commands import commands
from pehra.access.models import RelyingService, ServiceUse
from pehra.kernel import clock
from pehra.kernel.refusals import Invalid, NotVisible
from tests.access.relying import BACK, Relying, sign_in

pytestmark = pytest.mark.django_db


def run(*words):
    done = CliRunner().invoke(commands, ["services", *words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def added(*words):
    lines = run("add", "Tickets", "--redirect-uri", BACK, *words).output.splitlines()
    return dict(line.split("\t") for line in lines)


def test_a_service_is_added_listed_changed_and_closed(tree):
    assert "No service yet" in run("list").output
    made = added("--team", "pkcert")
    assert set(made) == {"client_id", "client_secret"}
    (row,) = json.loads(run("list", "--json").output)
    assert (row["name"], row["teams"], row["grants"]) == ("Tickets", ["pkcert"], ["code", "refresh"])
    assert made["client_secret"] not in json.dumps(row)
    new = run("rotate-secret", made["client_id"]).output.strip()
    assert new
    assert new != made["client_secret"]
    assert run("close", made["client_id"], "--reason", "replaced").output == "closed\n"
    assert "closed" in run("list").output
    with pytest.raises(NotVisible):
        run("rotate-secret", made["client_id"])


def test_a_public_service_has_no_secret(tree):
    made = added("--public")
    assert set(made) == {"client_id"}
    with pytest.raises(Invalid):
        run("rotate-secret", made["client_id"])


def test_a_wrong_address_is_refused(tree):
    with pytest.raises(Invalid):
        added("--logout-uri", "http://tickets.example/out")
    assert RelyingService.objects.count() == 0


class Context:
    def should_abort(self):
        return False


@pytest.mark.enable_socket
def test_the_workers_rounds_end_what_is_lost_and_tell_what_is_due(tree, someone, settings):
    from pehra.access.api import services

    settings.PEHRA_SERVICE_NETWORKS = ["127.0.0.0/8"]
    made = added("--logout-uri", "http://127.0.0.1:9/out")
    browser = sign_in(someone("officer", "duty-officer", team="pkcert"))
    service = Relying(services.NewService(client_id=made["client_id"], secret=made["client_secret"]))
    service.tokens(browser)
    browser.session.flush()
    jobs.end_lost_uses(0)
    use = ServiceUse.objects.get()
    assert use.ended_at is not None
    assert use.try_at <= clock.now()
    jobs.tell_services(Context(), 0)
    use.refresh_from_db()
    assert (use.tries, use.told_at) == (1, None)
    assert use.problem, "nobody listens there"
