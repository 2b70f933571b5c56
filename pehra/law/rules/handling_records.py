"""Reading how an incident is handled: phases, and when an organisation is asked."""

from pehra.law.rules.handling import HELD, PHASE_KIND, ConsentRule, Phase
from pehra.law.rules.reading import Reader
from pehra.law.rules.rule_records import condition


def phase(reader: Reader) -> Phase:
    """Read `[[phase]]`."""
    record = Phase(
        code=reader.code("code"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        holds=reader.choices("holds", HELD, required=False),
        basis=reader.basis(),
    )
    reader.define(PHASE_KIND, record.code, record.basis)
    return record


def consent(reader: Reader) -> ConsentRule:
    """Read `[[consent]]`."""
    record = ConsentRule(
        code=reader.code("code"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        when=condition(reader),
        basis=reader.basis(),
    )
    reader.define("consent rule", record.code, record.basis)
    return record
