"""Which files of the vault intake names: mails, what of them went on, submissions, and the files that came with one."""

from collections.abc import Collection

from pehra.access import api as access
from pehra.intake.models import Mail, MailFeed, ReportFile, Submission


def files_named(among: Collection[str]) -> set[str]:
    """Return those of some hashes that a row of intake names, whoever's it is: the vault lets go of none of them."""
    asked = list(among)
    with access.elevated(part="intake.files"):
        return {
            *Mail.objects.filter(sha256__in=asked).values_list("sha256", flat=True),
            *MailFeed.objects.filter(sha256__in=asked).values_list("sha256", flat=True),
            *Submission.objects.filter(raw_sha256__in=asked).values_list("raw_sha256", flat=True),
            *ReportFile.objects.filter(sha256__in=asked).values_list("sha256", flat=True),
        }
