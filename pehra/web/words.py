"""The codes of the rules, in the words of people: English here, other languages in `locale/`.

A code that is not in a table is shown as it is: better a code than a wrong word.
"""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pehra.web import mail_words, reason_words
from pehra.web.event_words import EVENT

Words = dict[str, object]

SEVERITY: Words = {
    "critical": _("Critical"),
    "high": pgettext_lazy("severity", "High"),
    "medium": pgettext_lazy("severity", "Medium"),
    "low": pgettext_lazy("severity", "Low"),
}
SEEN_VERDICT: Words = {
    "unknown": pgettext_lazy("observable", "not judged"),
    "benign": pgettext_lazy("observable", "harmless"),
    "suspicious": pgettext_lazy("observable", "suspicious"),
    "malicious": pgettext_lazy("observable", "malicious"),
}
OBSERVABLE_KIND: Words = {
    "ipv4": _("IPv4 address"),
    "ipv6": _("IPv6 address"),
    "prefix": _("network"),
    "asn": _("AS number"),
    "domain": _("domain name"),
    "url": _("URL"),
    "email": _("mailbox"),
    "md5": "MD5",
    "sha1": "SHA-1",
    "sha256": "SHA-256",
    "sha512": "SHA-512",
    "cve": "CVE",
}
LINK: Words = {
    "related": _("related to"),
    "duplicate-of": _("a duplicate of"),
    "has-duplicate": _("has as its duplicate"),
    "caused-by": _("caused by"),
    "caused": _("has caused"),
    "part-of": pgettext_lazy("link", "part of"),
    "contains": _("contains"),
    "split-from": _("split off from"),
    "split-into": _("split into"),
}
HOLDS: Words = {
    "yes": pgettext_lazy("rule", "holds"),
    "no": pgettext_lazy("rule", "does not hold"),
    "unknown": pgettext_lazy("rule", "cannot be said"),
}
INCIDENT_STATE: Words = {
    "new": pgettext_lazy("state", "New"),
    "open": pgettext_lazy("state", "Open"),
    "contained": pgettext_lazy("state", "Contained"),
    "closed": pgettext_lazy("state", "Closed"),
    "dismissed": pgettext_lazy("state", "Dismissed"),
    "merged": pgettext_lazy("state", "Part of another"),
}
FINDING_STATE: Words = {
    "open": pgettext_lazy("state", "Open"),
    "notified": pgettext_lazy("state", "Owner told"),
    "fixed": pgettext_lazy("state", "Said to be fixed"),
    "verified": pgettext_lazy("state", "Fixed and checked"),
    "reopened": pgettext_lazy("state", "Reopened"),
}
MESSAGE_STATE: Words = {
    "queued": _("waiting to be sent"),
    "sending": _("being sent"),
    "sent": _("sent"),
    "failed": _("not delivered"),
    "held": _("held for a person"),
    "returned": _("came back"),
}
ANSWER: Words = {
    "acknowledged": _("Acknowledged"),
    "fixed": _("It is fixed"),
    "false-positive": _("False alarm"),
    "need-help": _("We need help"),
}
ANSWER_MEANS: Words = {
    "acknowledged": _("We have read it and are looking."),
    "fixed": _("We mended it. Somebody else will check, and close it."),
    "false-positive": _("What you saw is no problem: say why."),
    "need-help": _("Say below what you need: somebody at the team is told at once."),
}
TURN: Words = {"us": _("our turn"), "them": _("their turn"), "nobody": _("nobody's turn")}
ENDED: Words = {
    "answered": _("answered"),
    "replied": _("replied by mail"),
    "passed on": _("passed on to the next contact"),
    "nobody left": _("nobody left to ask"),
    "not awaited": _("no answer awaited"),
}
REPORT_STATE: Words = {
    "received": pgettext_lazy("report", "Received"),
    "opened": pgettext_lazy("report", "Incident opened"),
    "joined": pgettext_lazy("report", "Joined an incident"),
    "merged": pgettext_lazy("report", "Merged"),
    "dismissed": pgettext_lazy("state", "Dismissed"),
}
CHANNEL: Words = {
    "form": _("public form"),
    "organisation": _("organisation's form"),
    "offline": _("form file"),
    "rest": _("program"),
    "mail": _("mail"),
    "document": _("document"),
    "webhook": _("webhook"),
    "thehive": "TheHive",
    "iris": "IRIS",
}
TRIAGE: Words = {
    "open": _("Open an incident"),
    "join": _("Join an incident"),
    "merge": _("Merge"),
    "dismiss": _("Dismiss"),
    "reopen": _("Back into the queue"),
    "assign": _("Take"),
    "hand-over": _("Hand over"),
}
SIGN: Words = {
    "same-bytes": _("the very same bytes"),
    "same-source": _("the same message of the same sender"),
    "same-file": _("the same file"),
    "same-observable": _("the same observable"),
}
CLOCK_STATE: Words = {
    "running": _("running"),
    "due-soon": _("due soon"),
    "due_soon": _("due soon"),
    "overdue": _("overdue"),
    "met": _("sent"),
    "met-late": _("sent late"),
    "withdrawn": _("does not arise"),
    "unknown": _("unknown: facts are missing"),
    "waiting": _("not started"),
}
TEAM_ROLE: Words = {
    "lead": _("leads"),
    "coordinate": _("coordinates"),
    "support": _("supports"),
    "inform": _("is informed"),
}
RULE_STATUS: Words = {
    "in-force": _("in force"),
    "in force": _("in force"),
    "draft": _("draft"),
    "disputed": _("disputed"),
    "operational": _("our working practice, not law"),
    "unknown": _("standing not known"),
    "decided by a person": _("decided by a person"),
    "derived": _("follows from others"),
}
TAXONOMY: Words = {
    "abusive-content": _("Abusive content"),
    "malicious-code": _("Malicious code"),
    "information-gathering": _("Information gathering"),
    "intrusion-attempts": _("Intrusion attempts"),
    "intrusions": _("Intrusions"),
    "availability": _("Availability"),
    "information-content-security": _("Information content security"),
    "fraud": _("Fraud"),
    "vulnerable": _("Vulnerable"),
    "other": _("Other"),
    "test": _("Test"),
}
OBLIGATION: Words = {
    "notice": _("a notice to the owner"),
    "incident": _("an incident"),
    "question": _("a question to a person"),
}
UNIT: Words = {
    "hours": pgettext_lazy("unit", "hours"),
    "days": pgettext_lazy("unit", "days"),
    "working-days": pgettext_lazy("unit", "working days"),
    "months": pgettext_lazy("unit", "months"),
}
TEAM_STATE: Words = {
    "operating": _("works"),
    "being set up": _("being set up"),
    "planned": _("planned"),
    "closed": _("closed"),
    "not in being on that day": _("not in being on that day"),
}
STANDING: Words = {
    "owned": _("owner known"),
    "unowned": _("in the country, owner not known"),
    "foreign": _("not in the country's registry"),
    "reserved": _("nobody's on the public network"),
    "not-an-asset": _("held by nobody"),
    "divided": _("held in parts"),
    "refused": _("cannot be read"),
}
ASSET: Words = {
    "prefix": _("address range"),
    "asn": _("autonomous system"),
    "domain": _("domain"),
    "host": _("host"),
    "service": _("e-government service"),
    "product": _("product"),
}
RELATION: Words = {
    "developed": _("developed by it"),
    "occupied": _("occupied by it"),
    "deployed": _("deployed by it"),
}
ROLE: Words = {
    "analyst": _("analyst"),
    "soc-analyst": _("SOC analyst"),
    "incident-handler": _("incident handler"),
    "duty-officer": _("duty officer"),
    "team-lead": _("team lead"),
    "registry-editor": _("registry editor"),
    "organisation-contact": _("organisation contact"),
    "organisation-admin": _("organisation admin"),
    "council-member": _("council member"),
    "council-secretary": _("council secretary"),
    "peer-liaison": _("peer liaison"),
    "signal-receiver": _("receiver of signals"),
    "auditor": _("auditor"),
    "platform-operator": _("platform operator"),
}
SCOPE: Words = {
    "team": _("team"),
    "guided": _("team and those under its guidance"),
    "organisation": _("organisation"),
    "national": _("the nation"),
    "council": _("council seat"),
}
PENDING: Words = {
    "grant": _("a role"),
    "recovery": _("recovery of an account"),
    "email-change": _("another e-mail address"),
}
CREDENTIAL: Words = {
    "passkey": _("passkey"),
    "password": _("password"),
    "totp": _("codes of an app"),
    "recovery-codes": _("recovery codes"),
    "provider": _("another organisation's sign-in"),
}
VERDICT: Words = {
    "justified": _("judged justified"),
    "misused": _("judged misused"),
}
MOMENT: Words = {
    "occurrence": _("it happened"),
    "discovery": _("it was discovered"),
    "awareness": _("we became aware"),
    "ransom_payment": _("a ransom was paid"),
    "handling_end": _("handling ended"),
    "unknown": _("not known"),
}
BODY: Words = {
    "entity": _("the organisation concerned"),
    "unknown": _("not known"),
    "@lead": _("the team that leads"),
    "@sector": _("the team of its sector"),
    "@territory": _("the team of its territory"),
    "@type:national": _("the national team"),
}
REPLY: Words = {
    "yes": pgettext_lazy("control", "Yes"),
    "partly": pgettext_lazy("control", "Partly"),
    "no": pgettext_lazy("control", "No"),
    "not-applicable": pgettext_lazy("control", "Does not apply"),
}
CONTROL_VERDICT: Words = {
    "agreed": pgettext_lazy("control", "Agreed"),
    "disputed": pgettext_lazy("control", "Disputed"),
}
ASSESSMENT_STATE: Words = {
    "draft": pgettext_lazy("assessment", "Being written"),
    "submitted": pgettext_lazy("assessment", "Waits for review"),
    "returned": pgettext_lazy("assessment", "Given back"),
    "reviewed": pgettext_lazy("assessment", "Reviewed"),
}
BAND: Words = {
    "gap": _("a critical control is missing"),
    "weak": pgettext_lazy("score", "weak"),
    "fair": pgettext_lazy("score", "fair"),
    "strong": pgettext_lazy("score", "strong"),
    "none": pgettext_lazy("score", "nothing applies"),
}
DUE: Words = {
    "never": _("never assessed"),
    "overdue": _("overdue"),
    "soon": _("due soon"),
    "current": _("not due yet"),
}
MISSING: Words = {
    "reply": _("no answer yet"),
    "reason": _("say why it does not apply"),
    "evidence": _("name or add what shows it"),
}
CUSTODY: Words = {
    "received": _("Taken in"),
    "given-out": _("Given out, encrypted"),
    "handed-over": _("Handed over"),
    "quarantined": _("Put into quarantine"),
    "released": _("Let out of quarantine"),
    "checked": _("Compared with its hash"),
    "stamped": _("Stamped by an authority"),
    "retention-set": _("How long it is kept, set"),
    "held": _("Held by an order"),
    "hold-lifted": _("Hold lifted"),
    "disposal-asked": _("Asked to be destroyed"),
    "disposal-declined": _("Not destroyed: another person said no"),
    "disposal-withdrawn": _("Not destroyed: who asked took it back"),
    "disposal-unanswered": _("Not destroyed: nobody answered in time"),
    "destroyed": _("Destroyed, by two people"),
    "erased": _("Its bytes left the vault"),
}
HOSTILE: Words = {
    "hostile-kind": _("a kind of file that can run, open or hide something"),
    "hostile-text": _("a program or a page in text"),
    "hostile-unknown": _("of no kind that is known"),
}
STAMP: Words = {
    "stamped": _("stamped"),
    "waiting": _("asked for"),
    "failed": _("none came"),
}
STREAM: Words = {
    "enabled": _("enabled"),
    "paused": _("paused"),
    "disabled": _("disabled"),
    "failing": _("takes nothing"),
    "silent": _("does not ask"),
    "refused": _("refuses some"),
}
STREAM_DELIVERY: Words = {
    "push": _("is called"),
    "poll": _("asks for them"),
}
TASK: Words = {
    "open": pgettext_lazy("task", "Open"),
    "doing": _("Being done"),
    "done": _("Done"),
    "skipped": _("Skipped"),
}
LESSON: Words = {
    "noted": _("Noted"),
    "proposed": _("Proposed"),
    "accepted": pgettext_lazy("lesson", "Accepted"),
    "declined": pgettext_lazy("lesson", "Declined"),
    "carried-out": _("Carried out"),
}
AIM: Words = {
    "none": _("nothing: worth knowing"),
    "playbook": _("a playbook"),
    "rule": _("a rule of the profile"),
}
CONSENT: Words = {
    "asked": _("Asked, no answer"),
    "given": _("Consent given"),
    "refused": pgettext_lazy("consent", "Refused"),
    "withdrawn": pgettext_lazy("consent", "Withdrawn"),
}
CONSENT_ACT: Words = {
    "given": pgettext_lazy("consent", "Give consent"),
    "refused": pgettext_lazy("consent", "Refuse"),
    "withdrawn": pgettext_lazy("consent", "Withdraw it"),
}
CONSENT_CHANNEL: Words = {
    "portal": _("here"),
    "telephone": _("telephone"),
    "mail": _("mail"),
    "letter": _("letter"),
    "in-person": _("in person"),
}
SOURCE: Words = {
    "person": _("somebody"),
    "task": _("task"),
    "note": pgettext_lazy("timeline", "note"),
    "evidence": _("evidence"),
    "observable": _("observable"),
    "finding": pgettext_lazy("timeline", "finding"),
    "message": pgettext_lazy("timeline", "message"),
}
WAY: Words = {
    "on_true": _("yes"),
    "on_false": _("no"),
    "on_success": _("it worked"),
    "on_failure": _("it did not work"),
    "next_steps": _("all of the next"),
}
TABLES: dict[str, Words] = {
    "task": TASK,
    "lesson": LESSON,
    "aim": AIM,
    "consent": CONSENT,
    "consent_act": CONSENT_ACT,
    "consent_channel": CONSENT_CHANNEL,
    "source": SOURCE,
    "way": WAY,
    "reply": REPLY,
    "control_verdict": CONTROL_VERDICT,
    "assessment": ASSESSMENT_STATE,
    "band": BAND,
    "due": DUE,
    "missing": MISSING,
    "fact": reason_words.FACT,
    "rule": reason_words.RULE,
    "severity": SEVERITY,
    "seen_verdict": SEEN_VERDICT,
    "observable": OBSERVABLE_KIND,
    "link": LINK,
    "holds": HOLDS,
    "incident": INCIDENT_STATE,
    "finding": FINDING_STATE,
    "message": MESSAGE_STATE,
    "answer": ANSWER,
    "answer_means": ANSWER_MEANS,
    "turn": TURN,
    "ended": ENDED,
    "report": REPORT_STATE,
    "channel": CHANNEL,
    "triage": TRIAGE,
    "sign": SIGN,
    "clock": CLOCK_STATE,
    "team_role": TEAM_ROLE,
    "status": RULE_STATUS,
    "taxonomy": TAXONOMY,
    "role": ROLE,
    "scope": SCOPE,
    "pending": PENDING,
    "credential": CREDENTIAL,
    "verdict": VERDICT,
    "team_state": TEAM_STATE,
    "standing": STANDING,
    "asset": ASSET,
    "relation": RELATION,
    "obligation": OBLIGATION,
    "unit": UNIT,
    "moment": MOMENT,
    "body": BODY,
    "event": EVENT | mail_words.EVENT,
    **mail_words.TABLES,
    "custody": CUSTODY,
    "hostile": HOSTILE,
    "stamp": STAMP,
    "stream": STREAM,
    "stream_delivery": STREAM_DELIVERY,
}


CHANGED_IN = {
    "incidents.moved": "incident",
    "incidents.severity.set": "severity",
    "incidents.observable.judged": "seen_verdict",
    "incidents.task.moved": "task",
    "incidents.lesson.answered": "lesson",
    "incidents.consent.answered": "consent",
}
"""Events that tell of a change from one code to another, with the table that knows the codes."""


def word(table: str, code: object) -> str:
    """Return a code of a table in the reader's language; an unknown one as it is."""
    text = str(code)
    return str(TABLES[table].get(text, text))
