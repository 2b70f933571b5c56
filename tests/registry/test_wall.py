"""What an actor sees of the registry, by page and by count."""

from collections.abc import Callable
from datetime import datetime

import pytest

from pehra.access import api as access
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.registry import api
from pehra.registry.api import ImportSummary
from pehra.registry.models import Organisation


def seen(actor: Actor) -> set[str]:
    return {row.code for row in api.organisations(by=actor).items}


def test_each_sees_its_own(
    nation: None,
    machine: Actor,
    analyst: Actor,
    sector_analyst: Actor,
    provincial_analyst: Actor,
    council_member: Actor,
    foreign_peer: Actor,
) -> None:
    every = {"op-1", "op-2", "gov-1", "gov-2", "new-1"}
    assert seen(machine) == seen(analyst) == every
    assert seen(sector_analyst) == {"op-1", "op-2"}
    assert seen(provincial_analyst) == {"gov-1", "gov-2"}
    with pytest.raises(Forbidden):
        api.organisations(by=council_member)
    assert {row.code for row in Organisation.objects.all().visible_to(foreign_peer)} == set()


def test_a_contact_sees_the_own_organisation_alone(
    nation: None, organisation_contact: Actor, take_in: Callable[..., ImportSummary]
) -> None:
    assert seen(organisation_contact) == set()
    take_in("organisations", "organisation,sector\norg-0001,telecom\n")
    assert seen(organisation_contact) == {"org-0001"}


def test_a_stranger_is_refused(nation: None, stranger: Actor) -> None:
    for read in (api.organisations, api.teams):
        with pytest.raises(Forbidden):
            read(by=stranger)


def test_one_organisation_with_all_that_belongs_to_it(nation: None, provincial_analyst: Actor) -> None:
    view = api.organisation("gov-1", by=provincial_analyst)
    assert [child.code for child in view.children] == ["gov-2"]
    assert {(asset.type, asset.value) for asset in view.assets} >= {("domain", "roads.example")}
    assert view.assets_total == len(view.assets) == 4
    assert [contact.role for contact in view.contacts] == ["security"]
    assert (view.lead_team, view.roles[0].team, view.roles[0].role) == ("punjab-cert", "punjab-cert", "lead")
    assert view.roles[0].team_name == "Punjab CERT"
    assert view.sector is not None
    assert view.sector.code == "government"
    assert api.organisation("gov-2", by=provincial_analyst).parent == api.Named(
        code="gov-1", name="Department of Roads", name_local=""
    )


def test_what_may_not_be_seen_is_not_there(nation: None, provincial_analyst: Actor, machine: Actor) -> None:
    refusals = []
    for code in ("op-1", "no-such"):
        with pytest.raises(NotVisible) as refused:
            api.organisation(code, by=provincial_analyst)
        refusals.append(refused.value.message.replace(code, "CODE"))
    assert refusals[0] == refusals[1]
    with pytest.raises(NotVisible):
        api.team("no-such", by=machine)


def test_a_parent_of_another_constituency_is_not_named(
    nation: None, take_in: Callable[..., ImportSummary], provincial_analyst: Actor, machine: Actor, at: datetime
) -> None:
    take_in(
        "organisations",
        "organisation,sector,territory,classes,parent\ngov-3,government,punjab,public-body,op-2\n",
    )
    assert api.organisation("gov-3", by=provincial_analyst).parent is None
    # Nor does its desk become the child's: what op-1 tells its own team is not told to Punjab's.
    take_in("organisations", "organisation,sector,territory,classes,parent\ngov-3,government,punjab,public-body,op-1\n")
    take_in("assets", "type,value,organisation\nasn,AS64510,gov-3\n")
    (answer,) = api.who(observables=["AS64510"], on=at.date(), by=provincial_analyst)
    assert (answer.organisation, answer.contacts) == ("gov-3", ())
    (answer,) = api.who(observables=["AS64510"], on=at.date(), by=machine)
    assert {contact.organisation for contact in answer.contacts} == {"op-1"}


def test_pages_follow_each_other(nation: None, machine: Actor) -> None:
    codes, after = [], ""
    while True:
        page = api.organisations(by=machine, after=after, limit=2)
        codes += [row.code for row in page.items]
        assert page.total == 5
        if not (after := page.after):
            break
    assert codes == ["gov-1", "op-2", "new-1", "gov-2", "op-1"]  # by name


def test_search_and_filters(nation: None, machine: Actor) -> None:
    def of(**asked: str) -> list[str]:
        return [row.code for row in api.organisations(by=machine, **asked).items]

    assert of(search="roads") == ["gov-1", "gov-2"]
    assert of(search="زعفران") == ["op-1"]
    assert of(search="OP-2") == ["op-2"]
    assert of(search="%") == []
    assert of(sector="telecom", territory="sindh") == ["op-2"]
    assert of(team="punjab-cert") == ["gov-1", "gov-2"]


def test_teams_are_a_directory_and_count_only_what_is_seen(
    nation: None, machine: Actor, provincial_analyst: Actor
) -> None:
    led = {team.code: team.organisations_led for team in api.teams(by=machine)}
    assert (led["ntcert"], led["punjab-cert"], led["pkcert"], led["sindh-cert"]) == (2, 2, 1, 0)
    assert {t.code: t.organisations_led for t in api.teams(by=provincial_analyst)}["ntcert"] == 0


def test_one_team(nation: None, machine: Actor) -> None:
    view = api.team("pkcert", by=machine)
    assert {"national", "government", "cii"} <= set(view.types)
    assert view.designations
    assert all(d.citation and d.status for d in view.designations)
    planned = api.team("fincert", by=machine)
    assert planned.state != "operating"
    assert planned.fallback_team is not None
    assert planned.fallback_team.code == "pkcert"


def test_facts_and_names_for_the_parts_above(nation: None) -> None:
    facts = api.entity_facts(["op-1", "new-1", "no-such"])
    assert set(facts) == {"op-1", "new-1"}
    assert (facts["op-1"].sector, facts["op-1"].classes) == ("telecom", frozenset({"licensee", "private"}))
    assert (facts["new-1"].sector, facts["new-1"].classes) == (None, None)
    assert api.names(["op-1", "pkcert", "no-such"]).keys() == {"op-1", "pkcert"}
    assert [c.role for c in api.contacts(organisation="op-1", role="security")] == ["security"]
    assert api.contacts_of(["op-1", "op-2", "gov-2"], role="security").keys() == {"op-1", "gov-2"}


def test_facts_of_what_somebody_names_are_refused_where_there_are_none(
    nation: None, provincial_analyst: Actor, at: datetime
) -> None:
    assert set(api.named_facts(["gov-1", "gov-2"], by=provincial_analyst)) == {"gov-1", "gov-2"}
    # Access was told of it, and the registry has it no more.
    gone = access.KnownOrganisation(code="gone-1", lead_team="punjab-cert", teams=("punjab-cert",))
    access.learn_scopes(teams=[], organisations=[gone], at=at)
    for code in ("op-1", "no-such", "gone-1"):
        with pytest.raises(Invalid, match=f"There is no organisation {code}") as refused:
            api.named_facts(["gov-1", code], field="organisations", by=provincial_analyst)
        assert refused.value.field == "organisations"


def test_prefixes_that_organisations_hold(nation: None, at: datetime) -> None:
    held = api.prefixes(on=at.date())
    assert "198.18.7.0/24" in held
    assert "198.18.0.0/15" not in held


def test_responsibility_is_asked_again_as_law_changes(nation: None, machine: Actor, at: datetime) -> None:
    assert api.refresh_responsibility(by=machine, at=at) == 0
    Organisation.objects.filter(code="op-1").update(lead_team="pkcert", teams=["pkcert"])
    assert api.refresh_responsibility(by=machine, at=at) == 1
    assert Organisation.objects.get(code="op-1").lead_team == "ntcert"


def test_the_profile_again_changes_no_answer(nation: None, machine: Actor, at: datetime) -> None:
    before = list(Organisation.objects.order_by("code").values())
    api.load_profile(by=machine, at=at)
    assert list(Organisation.objects.order_by("code").values()) == before


def test_a_name_leads_to_the_one_organisation_of_those_seen(
    nation: None, analyst: Actor, provincial_analyst: Actor, council_member: Actor
) -> None:
    said = {
        text: api.code_of(text, by=analyst)
        for text in ("Saffron", " زعفران  ٹیلی کام ", "GOV-1", "Roads Lab", "nobody")
    }
    assert said == {
        "Saffron": "op-1",
        " زعفران  ٹیلی کام ": "op-1",
        "GOV-1": "gov-1",
        "Roads Lab": "gov-2",
        "nobody": "nobody",
    }
    with pytest.raises(Invalid, match=r"Indigo Telecom \(op-2\), Saffron Telecom \(op-1\)"):
        api.code_of("telecom", by=analyst)
    assert api.code_of("Saffron", by=provincial_analyst) == "Saffron", "of whom one does not see, nothing is told"
    assert api.code_of("Saffron", by=council_member) == "Saffron"
