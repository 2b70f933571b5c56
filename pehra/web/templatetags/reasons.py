"""The atoms of reasons: why a decision came out as it did, said in the reader's language as far as it is ours to say.

A citation of the law stays as its source has it, and is marked as what it is. No tag starts a query.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.conf import settings
from django.utils.html import conditional_escape, escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pehra.kernel.reasons import Because
from pehra.kernel.sentences import Sentence
from pehra.law import api as law
from pehra.web.templatetags.pehra import (
    NOTHING,
    attribute,
    chooser,
    comma,
    duty,
    ident,
    local,
    number,
    plain_code,
    said,
    sector,
    team,
    team_state,
    territory,
    word,
)
from pehra.web.words import TABLES
from pehra.web.words import word as word_of

register = template.Library()

ATTRIBUTE = "incident.attributes."
MEASURE = "incident.impact."
STANDS_IN = "stands_in."
_CODED = {"incident.class": "taxonomy", "incident.severity": "severity", "would be": "obligation", "role": "team_role"}
_NAMED = {
    "entity.sector": sector,
    "entity.territory": territory,
    "incident.attributes": attribute,
    "reported": attribute,
}
_PLAIN = {"yes": "holds", "no": "holds", "unknown": "moment"}


@register.simple_tag
def told(text: str) -> SafeString:
    """Return what the program says by itself in the reader's language; what somebody wrote as they wrote it."""
    if not isinstance(text, Sentence):
        return format_html('<bdi dir="auto">{}</bdi>', text)
    pattern = _(text.pattern) if text.pattern else ""
    if not text.facts:
        return format_html("{}", pattern)
    facts = {name: format_html('<bdi dir="auto">{}</bdi>', _of(text.facts, name)) for name in text.facts}
    # The pattern is ours and escaped, the facts were escaped one by one.
    return mark_safe(escape(pattern) % facts)  # noqa: S308


@register.simple_tag
def cited(citation: str) -> SafeString:
    """Return a citation as its source has it: English, read from the left inside a page of any language."""
    return format_html('<bdi lang="en" dir="ltr">{}</bdi>', citation)


@register.inclusion_tag("web/_why.html")
def why(reasons: object, *, opened: bool = False) -> dict[str, object]:
    """Return the reasons of an automatic decision, folded behind "Why?"."""
    return {"reasons": _reasons(reasons), "opened": opened}


@register.simple_tag
def rule(code: str) -> SafeString:
    """Return a rule by what it says, with its code beside it; one that cannot be said in words by its code."""
    says = rule_says(code)
    return format_html('{} <span class="quiet small">({})</span>', says, ident(code)) if says else ident(code)


@register.simple_tag
def rule_says(code: str) -> SafeString:
    """Return what a rule says, made from its own record in the profile; nothing where it is only a code."""
    profile = law.load(settings.PEHRA_PROFILE)
    named = _with_code(profile.responsibility, code)
    if named is not None:
        return format_html("{}: {}", chooser(named.team), word("team_role", named.role))
    named = _with_code(profile.severity_rules, code)
    if named is not None:
        return format_html("{}: {}", _("Severity"), word("severity", named.level))
    named = _with_code(profile.obligation_rules, code)
    if named is not None:
        return format_html("{}: {}", _("Obliges"), word("obligation", named.kind))
    named = _with_code(profile.sharing_rules, code)
    if named is not None:
        return format_html('{}: <bdi dir="ltr">{} {}</bdi>', _("Handling"), named.tlp, named.pap)
    if _with_code(profile.widespread_rules, code) is not None:
        return format_html("{}", _("one problem on many sides"))
    if _with_code(profile.duties, code) is not None:
        return duty(code)
    words = word_of("rule", code)
    return format_html("{}", "" if words == code else words)


@register.simple_tag
def fact(name: str, value: object) -> SafeString:
    """Return a fact of a reason for reading, by the names that its codes have."""
    if name == "undecided" and isinstance(value, Mapping):
        lines = ((rule(code), _joined([fact_name(one) for one in missing])) for code, missing in value.items())
        return format_html_join(comma(), "{} – {}", lines)
    if name.startswith(STANDS_IN) and isinstance(value, Mapping):
        return format_html("{} {}", team_state(value["state"]), team(value["acts"]))
    if isinstance(value, list | tuple | set | frozenset):
        return _joined([fact(name, entry) for entry in value])
    if name in _NAMED and value:
        return _NAMED[name](str(value))
    if name == "entity.classes" and value:
        return _of_kind("entity_classes", str(value))
    table = _CODED.get(name) or _PLAIN.get(str(value))
    if table:
        return format_html("{}", word_of(table, value))
    return in_words(value)


@register.filter
def in_words(value: object) -> SafeString:
    """Return a fact of a reason for reading: lists joined, yes and no in words, nothing as a dash."""
    if value is None or value == "" or value == []:
        return NOTHING
    if isinstance(value, bool):
        return format_html("{}", _("yes") if value else _("no"))
    if isinstance(value, int):
        return number(value)
    if isinstance(value, Mapping):
        pairs = ((fact_name(key), fact(key, entry)) for key, entry in value.items())
        return format_html_join(comma(), "{}: {}", pairs)
    if isinstance(value, list | tuple | set | frozenset):
        return _joined([in_words(entry) for entry in value])
    return ident(value)


@register.filter
def fact_name(name: str) -> SafeString:
    """Return what a fact is called; one without a name by its code's words."""
    if name.startswith(ATTRIBUTE):
        return attribute(name.removeprefix(ATTRIBUTE))
    if name.startswith(MEASURE):
        return _of_kind("measures", name.removeprefix(MEASURE))
    if name.startswith(STANDS_IN):
        return team(name.removeprefix(STANDS_IN))
    called = word_of("fact", name)
    return said(plain_code(name) if called == name else called)


def _reasons(reasons: object) -> list[dict[str, Any]]:
    """Return reasons as a list of mappings, however many there are and whichever form they were kept in."""
    if isinstance(reasons, Because):
        return [reasons.as_json()]
    if isinstance(reasons, Mapping):
        return [dict(reasons)] if reasons else []
    if isinstance(reasons, Iterable) and not isinstance(reasons, str):
        return [one for reason in reasons for one in _reasons(reason)]
    return []


def _with_code(records: Iterable[Any], code: str) -> Any:
    return next((record for record in records if record.code == code), None)


def _of_kind(kind: str, code: str) -> SafeString:
    record = _with_code(getattr(law.load(settings.PEHRA_PROFILE), kind), code)
    return local(record.name, record.name_local) if record else ident(code)


def _of(facts: Mapping[str, Any], name: str) -> object:
    """Return a fact of a sentence in the reader's language: `task_word` is a code of the table `task`, `note_local`
    what `note` is in the country's own."""
    table, is_coded, ends = name.partition("_word")
    if is_coded and table in TABLES:
        codes = str(facts[name]).split(", ") if ends == "s" else [str(facts[name])]
        return comma().join(word_of(table, code) for code in codes)
    own = facts.get(f"{name}_local")
    return own if own and not (get_language() or "en").startswith("en") else facts[name]


def _joined(parts: list[SafeString]) -> SafeString:
    return format_html_join(comma(), "{}", ((conditional_escape(part),) for part in parts))
