"""What people report on the sample day, besides what sensors see: enough that an inbox is worth opening.

A clerk in Urdu without a name, an operator who has not finished, three mails about one address, a partner's tip, an
advertisement, and a report of an exercise. Addresses are the nation's own, names end in `.example`.
"""

from dataclasses import dataclass, field

from pehra.drill.rules.attacks import Attacks

LURE = "login.tax-portal.example"
WRITTEN_LURE = LURE.replace(".", "[.]")
KIT = "5f" * 32


@dataclass(frozen=True, kw_only=True)
class SampleReport:
    """One report of the sample: who says what, by which road, and about whom."""

    road: str
    description: str
    title: str = ""
    reporter: str = ""
    email: str = ""
    organisation: str = ""
    sector: str = ""
    territory: str = ""
    language: str = "en"
    message: str = ""
    hours_ago: float = 1
    complete: bool = True
    exercise: bool = False
    attributes: tuple[str, ...] = field(default=())


def sample_reports(staged: Attacks) -> tuple[SampleReport, ...]:
    """Return what is reported, the oldest first; the same nation is told the same."""
    operator, public = staged.infections[0].operator, staged.public
    host, attacker = staged.infections[0].hosts[0], staged.broken_into[0]
    return (
        *(_attempt(attacker, number) for number in (1, 2, 3)),
        SampleReport(
            road="form",
            language="ur",
            sector="government",
            territory=public.territory,
            hours_ago=6,
            description=(
                f"ہمارے دفتر میں صبح سے تین کمپیوٹروں کی فائلیں نہیں کھل رہیں۔ اسکرین پر رقم مانگنے کا پیغام ہے۔ "
                f"کل ایک ای میل میں یہ پتہ آیا تھا: hxxps://{WRITTEN_LURE}/ur اور وہاں پاس ورڈ لکھ دیا گیا۔ "
                f"کمپیوٹر کا پتہ {staged.control_server} ہے۔"
            ),
        ),
        SampleReport(
            road="organisation",
            title="File servers encrypted overnight",
            description=(
                f"At 02:10 our monitoring lost four file servers. {host} was the first. A note asks for payment. "
                "Billing is stopped; the control room is not touched. More when the images are taken."
            ),
            organisation=operator.organisation,
            sector=operator.sector,
            territory=operator.territory,
            attributes=("ransomware",),
            hours_ago=4,
            complete=False,
        ),
        SampleReport(
            road="mail",
            title="Phishing kit against tax payers",
            description=f"We took apart a kit that posts to hxxps://{WRITTEN_LURE}/gate.php . SHA-256 of it: {KIT}",
            reporter="Partner CSIRT",
            email="desk@partner-csirt.example",
            message="<kit-2291@partner-csirt.example>",
            hours_ago=3,
        ),
        SampleReport(
            road="mail",
            title="Grow your sales by 300 %",
            description="Dear Sir, kindly see our offer at www.cheap-offers.example today only.",
            reporter="Sales",
            email="sales@cheap-offers.example",
            message="<offer-1@cheap-offers.example>",
            hours_ago=2,
        ),
        SampleReport(
            road="form",
            title="EXERCISE: control room screens show a foreign flag",
            description="This is an exercise of the provincial team. Nothing real happened.",
            reporter="Exercise control",
            sector="power",
            exercise=True,
            hours_ago=1,
        ),
    )


def _attempt(attacker: str, number: int) -> SampleReport:
    return SampleReport(
        road="mail",
        title=f"Attempted log-ins from {attacker}",
        description=f"{attacker} tried {40 * number} passwords on our SSH server, ticket {7000 + number}.",
        reporter="Abuse desk",
        email=f"abuse{number}@hosting-{number}.example",
        message=f"<{7000 + number}@hosting-{number}.example>",
        hours_ago=9 - number,
    )
