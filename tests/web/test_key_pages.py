"""The page of contacts' keys: set by who may change the organisation, shown with fingerprint and what is wrong."""

from datetime import UTC, datetime
from pathlib import Path

import pysequoia
import pytest

from pehra.kernel.markings import Tlp
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.registry import api as registry
from pehra.registry.models import Contact

MEADOW = "security@meadow.example"
ADDRESS = "/registry/keys/org-0001/"


@pytest.fixture(scope="module")
def key() -> pysequoia.Cert:
    """A key of the hospital's desk."""
    return pysequoia.Tsk.generate(f"Meadow <{MEADOW}>").extract_certificate()


def test_a_key_is_set_shown_used_and_taken_away(signed_in, country, key):
    browser = signed_in("lead")
    assert "no key: mail leaves unencrypted" in browser.get(ADDRESS).text
    assert browser.post(ADDRESS, {"email": MEADOW, "key": str(key)}).url == ADDRESS
    shown = browser.get(ADDRESS).text
    assert key.fingerprint.upper() in shown
    assert "in use" in shown
    assert "does not name" not in shown
    assert registry.mail_keys_for(email=MEADOW, organisation="org-0001") == [str(key).strip()]
    assert registry.mail_keys_for(email=MEADOW, organisation="org-0002") == []
    entry = ledger.history(subject="registry:org-0001", by=country.by)[-1]
    assert (entry.event, entry.facts["fingerprints"]) == ("registry.contact.key.set", [key.fingerprint.upper()])
    browser.post(ADDRESS, {"email": MEADOW, "key": ""})
    assert "no key: mail leaves unencrypted" in browser.get(ADDRESS).text


def test_a_message_to_the_contact_leaves_encrypted_by_the_key_that_was_set(signed_in, country, key, settings):
    settings.PEHRA_OUTBOX_URL = f"maildir://{settings.PEHRA_DATA}/sealed"
    signed_in("lead").post(ADDRESS, {"email": MEADOW, "key": str(key)})
    at = datetime.now(UTC)
    for organisation in ("org-0001", "org-0002"):
        outbox.queue(
            kind="test",
            recipient=outbox.Recipient(name="Desk", email=MEADOW, language="ur", circle=outbox.Circle.ORGANISATION),
            subject="Two findings",
            body="198.18.1.7\n",
            tlp=Tlp.AMBER,
            dedupe_key=organisation,
            organisation=organisation,
            by=country.by,
            at=at,
        )
    outbox.send_due(at=at)
    mails = [path.read_bytes() for path in Path(settings.PEHRA_DATA, "sealed", "new").iterdir()]
    sealed = [mail for mail in mails if b"multipart/encrypted" in mail]
    assert (len(mails), len(sealed)) == (2, 1)
    assert b"198.18.1.7" not in sealed[0]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("no key", "no OpenPGP public key"),
        ("AAAA BBBB CCCC DDDD EEEE FFFF 0000 1111 2222 3333", "fingerprint alone"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nx", "secret key"),
        ("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----", "cannot be read"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "cannot be read"),
        ("x" * 100_001, "at most 100000"),
    ],
)
def test_what_is_no_key_is_refused_and_stays_in_the_form(signed_in, said, words):
    answer = signed_in("lead").post(ADDRESS, {"email": MEADOW, "key": said})
    assert answer.status_code == 422
    assert words in answer.text
    assert said[:40] in answer.text


def test_an_import_without_the_key_leaves_it(signed_in, country, key, tmp_path):
    signed_in("lead").post(ADDRESS, {"email": MEADOW, "key": str(key)})
    file = tmp_path / "contacts.csv"
    file.write_text(f"organisation,role,name,email,language\norg-0001,security,New Desk,{MEADOW},en\n")
    registry.import_csv(path=file, kind="contacts", by=country.by, at=datetime.now(UTC))
    row = Contact.objects.get(organisation="org-0001", email=MEADOW)
    assert (row.name, row.key) == ("New Desk", str(key).strip())


def test_a_key_that_names_somebody_else_is_said_to(signed_in):
    other = pysequoia.Tsk.generate("Else <else@else.example>").extract_certificate()
    browser = signed_in("lead")
    browser.post(ADDRESS, {"email": MEADOW, "key": str(other)})
    assert "it does not name this address" in browser.get(ADDRESS).text


def test_who_may_not_change_an_organisation_sets_no_key(signed_in, key):
    form = {"email": MEADOW, "key": str(key)}
    assert signed_in("hospital").post(ADDRESS, form).status_code == 403
    assert signed_in("telecom").post(ADDRESS, form).status_code == 404
    assert signed_in("telecom").get(ADDRESS).status_code == 404
    assert 'name="key"' not in signed_in("hospital").get(ADDRESS).text
    assert signed_in("lead").post(ADDRESS, {"email": "nobody@meadow.example", "key": ""}).status_code == 404
