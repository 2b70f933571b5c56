"""From an abuse mail to a finding that its owner answers: real servers, the machine road, and the one-time link."""

import json
import re

import pytest
from django.test import Client

from pehra.findings.models import Finding
from pehra.intake import api as intake
from pehra.intake.models import Mail
from pehra.kernel import clock as clocks
from pehra.kernel.actors import system
from pehra.outbox.models import Message
from pehra.outbox.queries import letter as as_sent
from pehra.registry import api as registry
from tests.intake.mail.letters import letter
from tests.intake.mail.test_sorting import XARF

pytestmark = [pytest.mark.enable_socket, pytest.mark.usefixtures("country")]
MACHINE = system("intake")
BOTNET = {"category": "infrastructure", "type": "botnet", "compromise_evidence": "seen"}


@pytest.fixture
def clock():
    """The machine's own clock: a link ends, and pages read the time themselves."""
    return clocks.SystemClock()


def test_an_abuse_mail_becomes_a_finding_and_a_notice_that_is_answered(
    mail_servers, live_mailbox, clock, tmp_path, settings
):
    settings.ALLOWED_HOSTS = ["*"]
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": static}
    contacts = tmp_path / "contacts.csv"
    contacts.write_text("organisation,role,name,email,language\norg-0001,abuse,Abuse desk,abuse@telecom.example,en\n")
    registry.import_csv(path=contacts, kind="contacts", by=MACHINE, at=clock.now())
    document = json.dumps(XARF | BOTNET | {"timestamp": clock.now().isoformat()}).encode()
    account = live_mailbox(believes=("noc@watch.example",))
    raw = letter(sender="noc@watch.example", files=(("xarf.json", "application/json", document),))
    mail_servers.send(raw, to=account)
    mail_servers.wait_for(1, to=account)
    intake.fetch_mail(by=MACHINE, clock=clock)
    intake.sort_mail(by=MACHINE, clock=clock)
    intake.feed_from_mail(by=MACHINE, clock=clock)

    finding = Finding.objects.get()
    assert (finding.subject, finding.organisation, finding.state) == ("198.18.1.7", "org-0001", "notified")
    notice = Message.objects.get(kind="findings.notice")
    assert notice.recipient_email == "abuse@telecom.example"

    link = re.search(r"/answer/[A-Za-z0-9_-]+", as_sent(notice).body)
    assert link is not None
    client = Client()
    assert client.get(link[0]).status_code == 200
    said = client.post(f"{link[0]}/say", {"choice": "fixed"}, follow=True)
    assert said.status_code == 200, said.content.decode()
    assert Finding.objects.get().state == "fixed"

    words = {"message_id": "<a@telecom.example>", "in_reply_to": notice.message_id}
    answer = letter("Done, thank you.", sender="abuse@telecom.example", **words)
    mail_servers.send(answer, to=account)
    mail_servers.wait_for(1, to=account)
    intake.fetch_mail(by=MACHINE, clock=clock)
    intake.sort_mail(by=MACHINE, clock=clock)
    assert Mail.objects.get(sort="reply").thread is not None
