"""Logs carry no personal data: no message of an error, no address."""

import json
import logging

import pytest

from pehra.node.logs import errors_as_places, json_formatter, without_addresses


def _line(record: logging.LogRecord) -> dict[str, object]:
    return json.loads(json_formatter().format(record))


def test_an_error_is_its_type_and_places_only():
    try:
        raise ValueError("Key (email)=(ayesha@team.example) already exists")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "import failed", None, (ValueError, error, error.__traceback__)
        )
    line = _line(record)
    assert line["error"] == "builtins.ValueError"
    assert "test_an_error_is_its_type" in str(line["places"])
    assert "ayesha" not in json.dumps(line)


@pytest.mark.parametrize("address", ["a@b.example", "first.last+tag@mail.team.example"])
def test_addresses_are_masked(address):
    event = without_addresses(None, "info", {"event": f"to {address} failed", "count": 3})
    assert event == {"event": "to (address) failed", "count": 3}


def test_an_error_given_as_itself_is_read_too():
    event = errors_as_places(None, "error", {"event": "x", "exc_info": KeyError("secret")})
    assert event == {"event": "x", "error": "builtins.KeyError", "places": []}


def test_a_refused_form_leaves_no_sign_in_link():
    record = logging.LogRecord(
        "django.security.csrf", logging.WARNING, __file__, 1, "Forbidden: %s", ("/access/link/a-B_9x",), None
    )
    assert _line(record)["event"] == "Forbidden: /access/link/(token)"
