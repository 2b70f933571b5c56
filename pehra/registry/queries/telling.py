"""What the registry tells `access`: the teams and organisations that a role can be held in, and who leads them."""

from datetime import datetime

from pehra.access import api as access
from pehra.registry.models import Organisation, Team


def tell_access(*, at: datetime) -> None:
    """Tell every team and organisation as they now stand, in the transaction that changed them."""
    teams = Team.objects.values_list("code", "parent_id")
    organisations = Organisation.objects.values_list("code", "lead_team", "teams")
    access.learn_scopes(
        teams=(access.KnownTeam(code=code, parent=parent or "") for code, parent in teams),
        organisations=(
            access.KnownOrganisation(code=code, lead_team=lead_team, teams=tuple(teams))
            for code, lead_team, teams in organisations.iterator()
        ),
        at=at,
    )
