"""The door of `registry`: who exists, what they hold, and who answers for them by law."""

from pehra.registry.api.asking import who
from pehra.registry.api.assessing import (
    add_evidence,
    answer_controls,
    open_assessment,
    remove_evidence,
    submit_assessment,
)
from pehra.registry.api.assessments import (
    assessed_controls,
    assessed_organisations,
    assessment,
    controls_standing,
    evidence_content,
)
from pehra.registry.api.attributing import attribution
from pehra.registry.api.importing import import_csv
from pehra.registry.api.mail_keys import KeyView, keys_shown, known_mail_keys, mail_keys_for, set_contact_key
from pehra.registry.api.profile import load_profile, refresh_responsibility
from pehra.registry.api.reading import (
    code_of,
    contacts,
    contacts_of,
    entity_facts,
    every_organisation,
    local_names,
    named_facts,
    names,
    organisation,
    organisations,
    prefixes,
    sectors,
    team,
    team_contacts,
    teams,
    territories,
)
from pehra.registry.api.reviewing import judge_controls, review_assessment
from pehra.registry.rules.addresses import parse_v4, parse_v6
from pehra.registry.rules.assessing import AssessmentState, Reply, Verdict
from pehra.registry.rules.assessment_views import (
    AnswerView,
    AssessmentSummary,
    AssessmentView,
    ControlsStanding,
    EvidenceView,
    Judged,
    OverviewPage,
    OverviewRow,
    Said,
)
from pehra.registry.rules.attribution import Attribution
from pehra.registry.rules.intervals import NOBODY, flatten_v4, flatten_v6
from pehra.registry.rules.lines import Reject
from pehra.registry.rules.suffixes import suffix_table
from pehra.registry.rules.summaries import ImportSummary
from pehra.registry.rules.views import (
    Answer,
    AssetView,
    ContactView,
    DesignationView,
    Named,
    OrganisationPage,
    OrganisationSummary,
    OrganisationView,
    RoleView,
    TeamSummary,
    TeamView,
)
from pehra.registry.rules.vocabulary import AssetType, Kind, Relation, Standing

__all__ = [
    "NOBODY",
    "Answer",
    "AnswerView",
    "AssessmentState",
    "AssessmentSummary",
    "AssessmentView",
    "AssetType",
    "AssetView",
    "Attribution",
    "ContactView",
    "ControlsStanding",
    "DesignationView",
    "EvidenceView",
    "ImportSummary",
    "Judged",
    "KeyView",
    "Kind",
    "Named",
    "OrganisationPage",
    "OrganisationSummary",
    "OrganisationView",
    "OverviewPage",
    "OverviewRow",
    "Reject",
    "Relation",
    "Reply",
    "RoleView",
    "Said",
    "Standing",
    "TeamSummary",
    "TeamView",
    "Verdict",
    "add_evidence",
    "answer_controls",
    "assessed_controls",
    "assessed_organisations",
    "assessment",
    "attribution",
    "code_of",
    "contacts",
    "contacts_of",
    "controls_standing",
    "entity_facts",
    "every_organisation",
    "evidence_content",
    "flatten_v4",
    "flatten_v6",
    "import_csv",
    "judge_controls",
    "keys_shown",
    "known_mail_keys",
    "load_profile",
    "local_names",
    "mail_keys_for",
    "named_facts",
    "names",
    "open_assessment",
    "organisation",
    "organisations",
    "parse_v4",
    "parse_v6",
    "prefixes",
    "refresh_responsibility",
    "remove_evidence",
    "review_assessment",
    "sectors",
    "set_contact_key",
    "submit_assessment",
    "suffix_table",
    "team",
    "team_contacts",
    "teams",
    "territories",
    "who",
]
