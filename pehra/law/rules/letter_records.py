"""Reading letters: every gap is one that can be filled, and both languages have the same."""

from pehra.law.rules.letters import GAP, GAPS, LetterTemplate
from pehra.law.rules.reading import Reader

SUBJECT_CHARACTERS_MAX = 150
BODY_CHARACTERS_MAX = 10_000


def letter(reader: Reader) -> LetterTemplate:
    """Read `[[letter]]`."""
    record = LetterTemplate(
        code=reader.code("code"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        subject=_text(reader, "subject", SUBJECT_CHARACTERS_MAX),
        subject_local=_text(reader, "subject_local", SUBJECT_CHARACTERS_MAX),
        body=_text(reader, "body", BODY_CHARACTERS_MAX),
        body_local=_text(reader, "body_local", BODY_CHARACTERS_MAX),
    )
    for key in ("subject", "body"):
        english, local = getattr(record, key), getattr(record, f"{key}_local")
        if sorted(GAP.findall(english)) != sorted(GAP.findall(local)):
            reader.problem(f"{key}_local", f"has other gaps than {key!r}: what one language says, the other does")
    reader.define("letter", record.code, None)
    return record


def _text(reader: Reader, key: str, limit: int) -> str:
    text = reader.text(key)
    if len(text) > limit:
        reader.problem(key, f"{key!r} has more than {limit} characters")
    if key.startswith("subject") and "\n" in text:
        reader.problem(key, f"{key!r} is one line")
    for name in GAP.findall(text):
        if name not in GAPS:
            reader.problem(key, f"{name!r} is no gap that can be filled; one of: {', '.join(GAPS)}")
    return text
