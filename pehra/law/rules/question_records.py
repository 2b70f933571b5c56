"""Reading questions and forms, and what a stage of a duty demands."""

from pehra.law.rules.basis import Status
from pehra.law.rules.questions import (
    FORM_KIND,
    LISTS,
    QUESTION_KIND,
    TELLS,
    AnswerKind,
    Demands,
    Form,
    Option,
    Question,
)
from pehra.law.rules.reading import Reader
from pehra.law.rules.rsit import TAXONOMIES

OPTIONS_MAX = 40
QUESTIONS_OF_A_FORM_MAX = 60
MOMENTS = ("occurrence", "discovery", "awareness", "ransom-payment", "handling-end")
SET_BY_OPTIONS = ("taxonomy", "type", "attribute")
_CHOSEN = (AnswerKind.CHOICE, AnswerKind.CHOICES)


def question(reader: Reader) -> Question:
    """Read `[[question]]` with its `[[question.option]]`."""
    kind = reader.choice("answer", [kind.value for kind in AnswerKind])
    record = Question(
        code=reader.code("code"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        hint=reader.text("hint", required=False),
        hint_local=reader.text("hint_local", required=False),
        answer=AnswerKind(kind) if kind in {known.value for known in AnswerKind} else AnswerKind.LINE,
        tells=_tells(reader),
        options_from=reader.choice("options_from", LISTS, required=False),
        options=tuple(_option(inner) for inner in reader.tables("option")),
        basis=reader.basis(),
    )
    _check_told(reader, record)
    _check_options(reader, record)
    reader.define(QUESTION_KIND, record.code, record.basis)
    return record


def _tells(reader: Reader) -> str:
    text = reader.text("tells", required=False)
    subject, _colon, name = text.partition(":")
    if not text:
        return ""
    if subject not in TELLS or bool(name) != (subject in ("moment", "impact", "attribute")):
        reader.problem("tells", f"{text!r} is nothing that an answer can tell; it is one of: {', '.join(TELLS)}")
        return ""
    if subject == "moment" and name not in MOMENTS:
        reader.problem("tells", f"{name!r} is no moment; it is one of: {', '.join(MOMENTS)}")
    if subject in ("impact", "attribute"):
        reader.refer("measure" if subject == "impact" else "attribute", name, "tells")
    return text


def _check_told(reader: Reader, record: Question) -> None:
    fitting = TELLS.get(record.tells.partition(":")[0], frozenset(AnswerKind))
    if record.answer not in fitting:
        kinds = ", ".join(sorted(fitting))
        reader.problem("answer", f"what tells {record.tells!r} is answered as: {kinds}")
    if bool(record.hint) != bool(record.hint_local):
        reader.problem("hint_local", "a hint stands in both languages or in none")


def _check_options(reader: Reader, record: Question) -> None:
    chosen = record.answer in _CHOSEN
    if chosen and bool(record.options) == bool(record.options_from):
        reader.problem("option", "a choice needs options of its own, or options_from a list, and not both")
    if not chosen and (record.options or record.options_from):
        reader.problem("option", f"an answer of kind {record.answer.value!r} has no options")
    if record.tells in ("sector", "territory") and record.options_from not in LISTS:
        reader.problem("options_from", f"what tells the {record.tells} is chosen from the profile's own list")
    if len(record.options) > OPTIONS_MAX:
        reader.problem("option", f"nobody reads more than {OPTIONS_MAX} options")
    codes = [option.code for option in record.options]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        reader.problem("option", f"the option {code!r} stands twice in this question")


def _option(reader: Reader) -> Option:
    record = Option(
        code=reader.code("code"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        sets=reader.texts("sets", required=False),
    )
    for text in record.sets:
        subject, _colon, name = text.partition(":")
        if subject not in SET_BY_OPTIONS or not name:
            reader.problem(
                "sets", f"{text!r} is nothing that an option sets; it is one of: taxonomy:, type:, attribute:"
            )
        elif subject == "taxonomy" and name not in TAXONOMIES:
            reader.problem("sets", f"{name!r} is no class of RSIT")
        elif subject == "attribute":
            reader.refer("attribute", name, "sets")
    reader.finish()
    return record


def form(reader: Reader) -> Form:
    """Read `[[form]]`."""
    record = Form(
        code=reader.code("code"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        questions=reader.codes("questions", refers_to=QUESTION_KIND, required=True),
        required=reader.codes("required", refers_to=QUESTION_KIND),
        basis=reader.basis(),
    )
    for code in record.required:
        if code not in record.questions:
            reader.problem("required", f"{code!r} is required and not among the questions")
    if len(record.questions) > QUESTIONS_OF_A_FORM_MAX:
        reader.problem("questions", f"a form asks at most {QUESTIONS_OF_A_FORM_MAX} questions")
    reader.define(FORM_KIND, record.code, record.basis)
    return record


def demands(reader: Reader) -> Demands | None:
    """Read `[duty.stage.demands]`; absent, nobody has said yet what the stage demands."""
    inner = reader.subtable("demands")
    if inner is None:
        return None
    record = Demands(
        required=inner.codes("required", refers_to=QUESTION_KIND, required=True),
        asked=inner.codes("asked", refers_to=QUESTION_KIND),
        citation=inner.text("citation"),
        status=inner.status("status") or Status.UNKNOWN,
        sources=inner.codes("sources", refers_to="source", required=True),
        note=inner.text("note", required=False),
    )
    if not record.sources and record.status is not Status.UNKNOWN:
        inner.problem("sources", f"demands that are {record.status.value!r} must name at least one source")
    for code in sorted(set(record.required) & set(record.asked)):
        inner.problem("asked", f"{code!r} is required already")
    inner.finish()
    return record
