"""The codes of mail that came in, in the words of people."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

STATE: dict[str, object] = {
    "waiting": pgettext_lazy("mail", "Waiting"),
    "done": pgettext_lazy("mail", "Sorted"),
    "set-aside": pgettext_lazy("mail", "Set aside"),
    "failed": pgettext_lazy("mail", "Failed"),
}
SORT: dict[str, object] = {
    "loop": _("mail in a circle"),
    "bounce": _("letter came back"),
    "delivery": _("word of a delivery"),
    "complaint": _("complaint about mail (ARF)"),
    "abuse": _("abuse report (X-ARF)"),
    "dmarc": _("DMARC report"),
    "tls-report": _("TLS report"),
    "feed": pgettext_lazy("mail", "feed"),
    "auto-reply": _("automatic answer"),
    "reply": pgettext_lazy("mail", "answer"),
    "report": pgettext_lazy("mail", "report"),
    "unreadable": _("not readable"),
    "too-large": _("too large"),
}
WHY: dict[str, object] = {
    "own-mail": _("it is a letter of ours that came back to us"),
    "own-mark": _("it carries our own mark against circles"),
    "too-many-hops": _("it passed too many servers"),
    "delivery-report": _("it has a carrier's delivery report"),
    "carrier": _("a carrier wrote it, in words"),
    "feedback-report": _("it has a feedback report"),
    "xarf-document": _("it has an X-ARF document"),
    "dmarc-document": _("it has a DMARC aggregate report"),
    "tls-document": _("it has a TLS report"),
    "feed-file": _("a file in it is a feed"),
    "read-receipt": _("it says that a letter was read"),
    "says-automatic": _("it answers, and says that a machine wrote it"),
    "away": _("its subject says that somebody is away"),
    "answers-us": _("it answers a letter of ours"),
    "incident-document": _("a file in it tells of incidents (IODEF or STIX)"),
    "nothing-else": _("it is nothing else that is known"),
    "not-parsed": _("it cannot be taken apart within the limits"),
    "over-limit": _("it is larger than what is taken in"),
    "person": _("a person said so"),
}
SILENT: dict[str, object] = {
    "automatic": _("a machine wrote it, or it went to many"),
    "ourselves": _("it is from ourselves"),
    "nobody": _("nobody reads that address"),
    "no-address": _("it names no address"),
    "fails-dmarc": _("our mail server found the sender forged"),
    "often": _("that address got enough receipts lately"),
    "switched-off": _("this mailbox sends no receipts"),
}
SIGNATURE: dict[str, object] = {
    "valid": _("signed, and by the sender"),
    "unknown": _("signed, by whom is not known"),
    "expired": _("signed with a key that has expired"),
    "revoked": _("signed with a key that was revoked"),
    "bad": _("the signature does not fit the text"),
}
# What Pehra itself writes beside a mail that it set aside; a server's own words are shown as they are.
PROBLEM: dict[str, object] = {
    "the mail goes in a circle": _("the mail goes in a circle"),
    "this sender's mails of the last hour are more than are taken at once; they wait until a person lets them in": _(
        "this sender's mails of the last hour are more than are taken at once; they wait until a person lets them in"
    ),
    "it was begun three times and never finished: whoever read it was killed": _(
        "it was begun three times and never finished: whoever read it was killed"
    ),
}
EVENT: dict[str, object] = {
    "intake.mail.set_aside": _("Mail set aside"),
    "intake.mail.retried": _("Mail sorted again"),
    "intake.mail.sender_let_in": _("Mails of a sender let in"),
    "intake.mail.taken_for_report": _("Mail taken for a report"),
    "intake.mail.made_findings": _("Findings made of a mail"),
}
TABLES: dict[str, dict[str, object]] = {
    "mail": STATE,
    "mail_sort": SORT,
    "mail_why": WHY,
    "mail_silent": SILENT,
    "mail_problem": PROBLEM,
    "mail_signature": SIGNATURE,
}
