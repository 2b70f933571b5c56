"""The words of a notice: what to do first, then what was seen, then why this reader; in English, Urdu, or both.

Plain text of short lines, since it is read on a telephone at night. It says "seen" and "reported by feed": we pass on
what others observed, and blame nobody.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pehra.findings.rules.advice import advice
from pehra.findings.rules.extracts import moment
from pehra.findings.rules.recipients import Road
from pehra.kernel.markings import Tlp

SUBJECT_CHARACTERS_MAX = 250
NAMES_SHOWN_MAX = 5
GROUPS_SHOWN_MAX = 25
_RLM, _ISOLATE, _END = "\u200f", "\u2068", "\u2069"
_RULE = "-" * 64


@dataclass(frozen=True, kw_only=True)
class Group:
    """Findings of one RSIT type in a notice."""

    type: str
    count: int
    names: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, kw_only=True)
class Name:
    """What somebody is called, in English and in the country's own language."""

    en: str
    local: str = ""

    def in_language(self, language: str) -> str:
        """Return the name for a text in a language."""
        return self.local if language != "en" and self.local else self.en


@dataclass(frozen=True, kw_only=True)
class Telling:
    """All that a notice says."""

    reference: str
    organisation: Name
    team: Name
    groups: tuple[Group, ...]
    feeds: tuple[str, ...]
    tlp: Tlp
    extract: str
    road: Road
    withheld: int = 0
    waiting: int = 0
    answer: str = ""  # where to answer without an account

    @property
    def count(self) -> int:
        """How many findings the notice tells of, those withheld included."""
        return sum(group.count for group in self.groups) + self.withheld


def subject(telling: Telling, languages: Sequence[str]) -> str:
    """Return the subject line: marking, reference, and what is asked."""
    head = f"[{telling.tlp}] {telling.reference}: "
    if tuple(languages) == ("ur",):
        name = telling.organisation.in_language("ur")
        problems = "1 مسئلہ دیکھا گیا" if telling.count == 1 else f"{telling.count} مسائل دیکھے گئے"
        text = f"{head}{name}: {problems}، کارروائی درکار ہے"
    else:
        problems = "1 problem" if telling.count == 1 else f"{telling.count} problems"
        text = f"{head}{problems} seen at {telling.organisation.en}, action needed"
    return text if len(text) <= SUBJECT_CHARACTERS_MAX else text[: SUBJECT_CHARACTERS_MAX - 1] + "…"


def body(telling: Telling, languages: Sequence[str]) -> str:
    """Return the text in each language, one after the other."""
    parts = [_WRITERS[language](telling) for language in languages if language in _WRITERS] or [_english(telling)]
    return f"\n\n{_RULE}\n\n".join(parts) + "\n"


_MEANING_EN = {
    Tlp.CLEAR: "may be shared with anybody",
    Tlp.GREEN: "may be shared within your community, not in public",
    Tlp.AMBER: "may be shared within your organisation and with clients who need it to protect themselves",
    Tlp.AMBER_STRICT: "may be shared within your organisation only",
    Tlp.RED: "for the named recipient only",
}
_MEANING_UR = {
    Tlp.CLEAR: "ہر کسی کو بتایا جا سکتا ہے",
    Tlp.GREEN: "اپنی پیشہ ورانہ برادری میں بتایا جا سکتا ہے، عوامی طور پر نہیں",
    Tlp.AMBER: "صرف آپ کے ادارے میں اور اُن صارفین کو بتایا جا سکتا ہے جنہیں اپنے تحفظ کے لیے اس کی ضرورت ہو",
    Tlp.AMBER_STRICT: "صرف آپ کے ادارے کے اندر بتایا جا سکتا ہے",
    Tlp.RED: "صرف نامزد وصول کنندہ کے لیے",
}


def _english(telling: Telling) -> str:
    lines = [f"{telling.tlp}: {_MEANING_EN[telling.tlp]}.", f"Reference: {telling.reference}", ""]
    lines += ["WHAT TO DO NOW"]
    shown = telling.groups[:GROUPS_SHOWN_MAX]
    lines += [
        f"{number}. {advice(group.type).name_en} ({group.count}): {advice(group.type).do_en}"
        for number, group in enumerate(shown, start=1)
    ]
    if telling.withheld:
        lines += [
            f"{len(shown) + 1}. {telling.withheld} more may not be sent by mail: sign in to read them, or call us."
        ]
    if telling.answer:
        lines += ["Then say how it stands, without an account, in a minute (and correct it later if need be):"]
        lines += [telling.answer, f"Or answer this mail and keep {telling.reference} in the subject."]
    else:
        lines += [f"Then answer this mail, keep {telling.reference} in the subject, and say what was fixed."]
    lines += ["A finding stays open until the repair was checked.", "", "WHAT WAS SEEN"]
    for group in shown:
        names = f" ({_names(group.names, 'and others')})" if group.names else ""
        lines += [f"- {group.count} x {advice(group.type).name_en}{names}"]
        lines += [f"  from {moment(group.first_seen)} to {moment(group.last_seen)} UTC"]
    if len(telling.groups) > len(shown):
        lines += [f"- and {len(telling.groups) - len(shown)} further types, see the file"]
    if telling.extract:
        lines += [f"Each with address, port and time (UTC): see the attached file {telling.extract}"]
    if telling.waiting:
        lines += [f"{telling.waiting} more follow in the next notice."]
    lines += [f"Reported by feed: {_names(telling.feeds, 'and others') or 'not stated'}."]
    lines += ["We pass on what was reported. It may be out of date or mistaken: please tell us if so.", "", "WHY YOU"]
    if telling.road is Road.CONTACT:
        lines += [f"You are registered as a contact of {telling.organisation.en}."]
    else:
        lines += [
            f"No contact of {telling.organisation.en} is registered: please pass this on, and have one registered."
        ]
    lines += [f"Responsible team: {telling.team.en}" if telling.team.en else "No team is responsible yet."]
    return "\n".join(lines)


def _urdu(telling: Telling) -> str:
    name = telling.organisation.in_language("ur")
    lines = [f"{_ltr(telling.tlp)}: {_MEANING_UR[telling.tlp]}۔", f"حوالہ: {_ltr(telling.reference)}", ""]
    lines += ["ابھی کیا کرنا ہے"]
    shown = telling.groups[:GROUPS_SHOWN_MAX]
    lines += [
        f"{number}۔ {advice(group.type).name_ur} ({group.count}): {advice(group.type).do_ur}"
        for number, group in enumerate(shown, start=1)
    ]
    if telling.withheld:
        lines += [
            f"{len(shown) + 1}۔ مزید {telling.withheld} مسائل ای میل سے نہیں "
            f"بھیجے جا سکتے: سائن اِن کر کے دیکھیں یا ہمیں فون کریں۔"
        ]
    if telling.answer:
        lines += [
            "پھر ایک منٹ میں، بغیر اکاؤنٹ کے، بتائیں کہ معاملہ کہاں تک پہنچا (جواب بعد میں درست بھی کیا جا سکتا ہے):"
        ]
        lines += [telling.answer, f"یا اس ای میل کا جواب دیں اور موضوع میں {_ltr(telling.reference)} رہنے دیں۔"]
    else:
        lines += [
            f"پھر اس ای میل کا جواب دیں، موضوع میں {_ltr(telling.reference)} رہنے دیں، اور بتائیں کہ کیا درست کیا گیا۔"
        ]
    lines += ["ہر مسئلہ اُس وقت تک کھلا رہتا ہے جب تک درستی کی جانچ نہ ہو جائے۔", "", "کیا دیکھا گیا"]
    for group in shown:
        names = f" ({_ltr(_names(group.names, '…'))})" if group.names else ""
        lines += [f"- {advice(group.type).name_ur}: {group.count}{names}"]
        lines += [
            f"  {_ltr(moment(group.first_seen))} سے {_ltr(moment(group.last_seen))} تک ({_ltr('UTC')})",
        ]
    if len(telling.groups) > len(shown):
        lines += [f"- اور مزید {len(telling.groups) - len(shown)} اقسام، فائل دیکھیں"]
    if telling.extract:
        lines += [f"ہر مسئلے کا پتہ، پورٹ اور وقت ({_ltr('UTC')}) منسلک فائل میں ہے: {_ltr(telling.extract)}"]
    if telling.waiting:
        lines += [f"مزید {telling.waiting} مسائل اگلے اطلاع نامے میں بھیجے جائیں گے۔"]
    lines += [f"اطلاع دینے والا ذریعہ: {_ltr(_names(telling.feeds, '…')) if telling.feeds else 'بیان نہیں کیا گیا'}"]
    lines += [
        "ہم وہی آگے بھیجتے ہیں جو ہمیں بتایا گیا۔ ہو سکتا ہے کہ یہ پرانا یا غلط ہو: ایسی صورت میں ہمیں ضرور بتائیں۔",
        "",
        "یہ آپ کو کیوں بھیجا گیا",
    ]
    if telling.road is Road.CONTACT:
        lines += [f"آپ {_ltr(name)} کے رابطہ کار کے طور پر درج ہیں۔"]
    else:
        lines += [
            f"{_ltr(name)} کا کوئی رابطہ کار درج نہیں: براہِ کرم یہ اطلاع ان تک پہنچائیں اور رابطہ کار درج کرائیں۔"
        ]
    team = telling.team.in_language("ur")
    lines += [f"ذمہ دار ٹیم: {_ltr(team)}" if team else "ابھی کوئی ٹیم ذمہ دار نہیں۔"]
    return "\n".join(f"{_RLM}{line}" if line else "" for line in lines)


_WRITERS: dict[str, Callable[[Telling], str]] = {"en": _english, "ur": _urdu}


def _ltr(text: str) -> str:
    """Set a name, address or number apart, so that its own direction does not turn the line around it."""
    return f"{_ISOLATE}{text}{_END}"


def _names(names: Sequence[str], more: str) -> str:
    shown = ", ".join(names[:NAMES_SHOWN_MAX])
    return f"{shown} {more}" if len(names) > NAMES_SHOWN_MAX else shown
