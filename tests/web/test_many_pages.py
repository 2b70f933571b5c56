"""Acts on many findings by page: none chosen is said at the list, and what came in since the look is not touched."""

import re
from uuid import UUID

from pehra.findings import api as findings


def test_none_chosen_is_said_at_the_list(country, signed_in) -> None:
    said = {"act": "fixed", "organisation": "org-0001", "state": "all"}
    answer = signed_in("national").post("/findings/many", said)
    assert (answer.status_code, sorted(answer.url.removeprefix("/findings/?").split("&"))) == (
        302,
        ["organisation=org-0001", "state=all"],
    )
    assert "Choose at least one" in signed_in("national").post("/findings/many", said, follow=True).content.decode()


def test_what_was_looked_at_is_what_is_changed(country, signed_in) -> None:
    client = signed_in("national")
    all_of_it = {"act": "fixed", "organisation": "org-0001", "all": "yes"}
    shown = client.post("/findings/many", all_of_it).content.decode()
    fields = dict(re.findall(r'name="(expected|up_to)" value="([^"]+)"', shown))
    newest = max(row.id for row in findings.findings(by=country.by, filters=findings.Filters(organisation="org-0001")))
    assert fields["up_to"] == str(newest)
    # As if the newest had come in after the look: another one stands in its place.
    earlier = {**all_of_it, **fields, "up_to": str(UUID(int=newest.int - 1)), "reason": "all of it"}
    refused = client.post("/findings/many/do", earlier)
    assert refused.status_code == 422
    assert client.post("/findings/many/do", {**earlier, "up_to": fields["up_to"]}).status_code == 302
