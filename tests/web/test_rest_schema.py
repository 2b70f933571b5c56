"""Every operation against its description, by Schemathesis: without a token and as each of the cast.

Asserted of every answer: it is no fault of ours, its status, media type, headers and body are as described, what breaks
the description is refused, and nothing of another tenant stands in it. Cases are the description's examples, the edges
of every value (its coverage phase), and chance (its fuzzing phase). The ids that addresses take are those of every
tenant, and some of nobody's. Bounded and seeded here, with the edges as a stranger and one of the cast;
`PEHRA_TEST_LONG=1` asks for hundreds of cases an operation, and for the edges as everybody.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit
from uuid import uuid4

import hypothesis
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
from schemathesis.specs.openapi import checks

from pehra.access import api as access
from pehra.findings import api as findings
from pehra.incidents import api as incidents
from pehra.intake import api as intake
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.registry import api as registry
from pehra.signals import api as signals
from pehra.threads import api as threads
from pehra.web.rest import description, interface
from tests.incidents import samples

LONG = bool(os.environ.get("PEHRA_TEST_LONG"))
CASES = 300 if LONG else 4
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
STRANGER = "a stranger"
ECHOES = ("/who", "/why")  # they say again what was asked about


@dataclass(frozen=True)
class Caller:
    """Somebody with a token, or without, and what must never be in an answer to them."""

    who: str
    token: str
    forbidden: frozenset[str]

    def require_nothing_of_others(self, case: schemathesis.Case, response: schemathesis.Response) -> None:
        """Fail on a word of another tenant, unless it only repeats what was asked who answers for it."""
        body = response.content.decode()
        asked = unquote_plus(response.request.url or "") if case.operation.label.endswith(ECHOES) else ""
        leaked = sorted(word for word in self.forbidden if word in body and word not in asked)
        assert not leaked, f"{self.who} was told {leaked} by {response.request.url}: {body[:2_000]}"


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """Requests in the test's own transaction do not close its connection: what Django's own client sees to as well."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def laid(country) -> dict[str, list[str]]:
    """A leak at one organisation and an unfinished assessment of another."""
    line = b'{"address": "clerk@deeds.example", "password": "Summer-2026!", "service": "https://mail.deeds.example"}'
    leak = signals.receive_leak(content=BytesIO(line), source="a market", by=country.by, at=_now())
    assessment = registry.open_assessment("org-0001", by=country.by, at=_now())
    threads.follow_letters(by=country.by, at=_now())
    _take_evidence(country)
    incidents.add_playbook(
        document=json.dumps(samples.playbook()).encode(), team="pkcert", for_everybody=True, by=country.by, at=_now()
    )
    ids = {"leak_id": [str(leak.id), str(uuid4())], "assessment_id": [str(assessment), str(uuid4())]}
    return ids | _reported(country) | {"observable_id": _observed(country)}


def _take_evidence(country: Any) -> None:
    """A file in each incident."""
    said = {"name": "a.log", "content": b"Accepted password for root\n", "source": "SOC"}
    for row in incidents.incidents(by=country.by).rows:
        incidents.add_evidence(ref=row.reference, by=country.by, at=_now(), **said)


def _observed(country: Any) -> list[str]:
    """An observable of each incident that has not ended."""
    seen = []
    for row in incidents.incidents(by=country.by, state="live").rows:
        incidents.add_observables(ref=row.reference, text="198.51.100.9", by=country.by, at=_now())
        seen += [str(one.id) for one in incidents.observables(ref=row.reference, by=country.by, at=_now())]
    return [*seen, str(uuid4())]


def _reported(country: Any) -> dict[str, list[str]]:
    """A report about each organisation, what was decided about one, and a webhook."""
    receipts = [
        intake.receive(
            channel=intake.Channel.REST,
            raw=code.encode(),
            media_type="text/plain",
            said=intake.Said(title="Odd", description="calls 198.18.1.9", organisation=code),
            reporter=intake.Reporter(organisation=code),
            language="en",
            by=country.by,
            at=_now(),
        )
        for code in ("org-0001", "org-0002", "org-0003")
    ]
    chosen = intake.Chosen(references=(receipts[0].reference,))
    done = intake.dismiss(chosen=chosen, reason="a prank", by=country.by, at=_now())
    hook = intake.add_webhook(name="hook", team="pkcert", mapping={"title": ["/t"]}, by=country.by, at=_now())
    return {
        "report": [*(receipt.reference for receipt in receipts), "PKR-2026-9999999"],
        "act_id": [str(done.token), str(uuid4())],
        "webhook_id": [str(hook.webhook.id), str(uuid4())],
    }


@pytest.fixture
def callers(country, program, laid) -> list[Caller]:
    everything = _words_of_each(country)
    made = [Caller(STRANGER, "", frozenset(word for _teams, _code, told in everything for word in told))]
    for who in country.people:
        actor = country.actor(who)
        hidden = [
            told for teams, code, told in everything if not teams & actor.teams and code not in actor.organisations
        ]
        token = program(who).token if access.token_permissions(by=actor) else ""
        words = frozenset(word for told in hidden for word in told)
        if "access.read@national" in actor.permissions:
            # Whoever gives access to all sees where it is held, and nothing else of anybody.
            words -= {code for _teams, code, _told in everything}
        made.append(Caller(who, token, words))
    return made


def _words_of_each(country: Any) -> list[tuple[frozenset[str], str, set[str]]]:
    """Return, for each thing with an owner, the teams that may see it, its organisation, and what gives it away."""
    said = []
    for row in registry.every_organisation(by=country.by):
        whole = registry.organisation(row.code, by=country.by)
        told = {row.code, row.name, row.name_local} | {contact.email for contact in whole.contacts}
        said.append((frozenset(row.teams), row.code, told | {asset.value for asset in whole.assets}))
    for finding in findings.findings(by=country.by, limit=500):
        said.append((frozenset(finding.teams), finding.organisation, {str(finding.id), finding.subject}))
    for account in signals.leaked_accounts(by=country.by, limit=500):
        said.append((frozenset(account.teams), account.organisation, {account.address, str(account.id)}))
    for message in outbox.messages(by=country.by, limit=500):
        said.append((frozenset(message.teams), message.organisation, {str(message.id)}))
    for thread in threads.threads(by=country.by, limit=500)[0]:
        said.append((frozenset(thread.teams), thread.organisation, {thread.reference, str(thread.id)}))
    return said


@pytest.fixture
def ids(country, laid) -> dict[str, list[str]]:
    """What addresses take: of every tenant, and of nobody."""
    organisations = [row.code for row in registry.every_organisation(by=country.by)]
    found = findings.findings(by=country.by, limit=500)
    of_each = {row.organisation: str(row.id) for row in found}
    entries = ledger.recent(by=country.by, before=None, limit=200)
    return laid | {
        "finding_id": [*of_each.values(), str(uuid4())],
        "reference": [
            *(row.reference for row in incidents.incidents(by=country.by).rows),
            *(row.reference for row in threads.threads(by=country.by)[0]),
            "PK-2026-9999999",
        ],
        "number": ["1", "2"],
        "playbook_id": [*(str(row.id) for row in incidents.playbooks(by=country.by)), str(uuid4())],
        "message_id": [*({row.organisation: str(row.id) for row in outbox.messages(by=country.by)}.values())],
        "entry_id": [*{entry.event: str(entry.id) for entry in entries}.values(), str(uuid4())],
        "person_id": [str(person) for person in country.people.values()],
        "token_id": [*(str(row.id) for row in access.tokens(by=country.by, at=_now())), str(uuid4())],
        "code": [*organisations, "pkcert", "ntcert", "nobody-knows"],
    }


def _size() -> int:
    newest = ledger.latest_checkpoint()
    assert newest is not None
    return newest.size


def _now() -> Any:
    from pehra.kernel import clock

    return clock.now()


def _narrowed(raw: dict[str, Any], ids: dict[str, list[str]]) -> dict[str, Any]:
    """Return the description with the ids that are there where an address takes one: chance would never hit any.

    Who calls is said beside it, with a token or without: what Schemathesis would make of it says nothing.
    """
    del raw["security"], raw["components"]["securitySchemes"]
    for methods in raw["paths"].values():
        for operation in methods.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    parameter["schema"] = {"type": "string", "enum": ids[parameter["name"]]}
                elif parameter["name"] == "old":
                    parameter["schema"] = {"type": "integer", "enum": [_size(), 2**53 - 1]}
    return raw


def _loaded(raw: dict[str, Any]) -> Any:
    schema = schemathesis.openapi.from_dict(raw, config=schemathesis.Config())
    schema.app = WSGIHandler()
    return schema


@pytest.mark.parametrize("noun", interface.ROUTERS)
def test_every_operation_answers_as_described_and_nothing_of_others(callers, ids, noun):
    raw = _narrowed(description.describe(), ids)
    raw["paths"] = {
        path: methods for path, methods in raw["paths"].items() if f"{path}/".startswith(f"{interface.PREFIX}/{noun}/")
    }
    seen: dict[str, set[int]] = {}
    for result in _loaded(raw).get_all_operations():
        operation = result.ok()
        _hold(operation, HypothesisTestMode.COVERAGE, callers if LONG else callers[:2], seen)
        _hold(operation, HypothesisTestMode.FUZZING, callers, seen)
    assert set(seen) == {f"{method.upper()} {path}" for path, methods in raw["paths"].items() for method in methods}
    succeeded = {label for label, statuses in seen.items() if statuses & {200, 204}}
    reads = {label for label in seen if label.startswith("GET")}
    assert reads
    assert reads <= succeeded, "a read that nobody could do shows nothing"


def _hold(operation: Any, mode: HypothesisTestMode, callers: list[Caller], seen: dict[str, set[int]]) -> None:
    def hold(case: schemathesis.Case) -> None:
        for caller in callers:
            response = _undone(lambda caller=caller: _called(case, caller))
            seen.setdefault(operation.label, set()).add(response.status_code)
            if not caller.token:
                assert response.status_code in (401, 413), "what is too large is refused unread, whoever sends it"
            case.validate_response(response, checks=CHECKS)
            _require_refusal_of_what_is_wrong(case, response)
            caller.require_nothing_of_others(case, response)

    for caller in callers:
        if caller.token:  # noted as used once: what every case does is undone, so that each would note it anew
            access.actor_for_token(token=caller.token, at=_now())
    settings = hypothesis.settings(
        max_examples=CASES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        print_blob=False,
    )
    modes = [mode, HypothesisTestMode.EXAMPLES] if mode is HypothesisTestMode.FUZZING else [mode]
    config = HypothesisTestConfig(project=operation.schema.config, modes=modes, settings=settings)
    create_test(operation=operation, test_func=hold, config=config)()


def _require_refusal_of_what_is_wrong(case: schemathesis.Case, response: schemathesis.Response) -> None:
    """Fail where a request that breaks the description is accepted.

    A name too many whose value is an empty list is no request that could be sent: it is not in the address.
    """
    try:
        case.validate_response(response, checks=[checks.negative_data_rejection])
    except FailureGroup as failures:
        sent = {name for name, _value in parse_qsl(urlsplit(response.request.url or "").query, keep_blank_values=True)}
        known = {parameter.name for parameter in case.operation.query}
        wrong = str(failures.exceptions[0])
        if not (sent <= known and "query: violates `additionalProperties`" in wrong and wrong.count("violates") == 1):
            raise


def _called(case: schemathesis.Case, caller: Caller) -> schemathesis.Response:
    headers = {"Authorization": f"Bearer {caller.token}"} if caller.token else {}
    return case.call(headers=headers)


def _undone(act: Callable[[], schemathesis.Response]) -> schemathesis.Response:
    """Do something and undo it, so that no case hangs on the one before."""
    with transaction.atomic():
        answer = act()
        transaction.set_rollback(True)
    return answer
