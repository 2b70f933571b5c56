"""Who else looks at an incident: colleagues are named, others are neither named nor told."""

import pytest

pytestmark = pytest.mark.django_db


def test_colleagues_see_each_other_and_nobody_else_does(incident, signed_in) -> None:
    address = f"/incidents/{incident.reference}/present"
    first = signed_in("national").get(address)
    assert first.status_code == 200
    assert "Also here" not in first.content.decode()
    second = signed_in("lead").get(address).content.decode()
    assert "Also here" in second
    assert "National" in second
    assert "Lead" in signed_in("national").get(address).content.decode()


def test_who_may_not_see_an_incident_learns_nothing_of_who_looks(incident, signed_in) -> None:
    address = f"/incidents/{incident.reference}/present"
    signed_in("national").get(address)
    assert signed_in("council").get(address).status_code == 403
    assert signed_in("telecom").get(address).status_code == 404
