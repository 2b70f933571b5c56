"""Which addresses a service may name for Pehra to call."""

import ipaddress

import pytest

from pehra.kernel import outward
from pehra.kernel.refusals import Invalid

LOOPBACK = outward.networks(["127.0.0.0/8"])


@pytest.mark.parametrize(
    ("url", "authority", "target"),
    [
        ("https://tickets.example/events?a=1", "tickets.example", "/events?a=1"),
        ("https://tickets.example:8443", "tickets.example:8443", "/"),
        ("https://[2606:4700::1111]/e", "[2606:4700::1111]", "/e"),
        ("https://1.1.1.1/", "1.1.1.1", "/"),
    ],
)
def test_an_address_is_taken_apart(url, authority, target):
    place = outward.place(url)
    assert (place.authority, place.target, place.secure) == (authority, target, True)


@pytest.mark.parametrize(
    "url",
    [
        "http://tickets.example/",
        "http://127.0.0.1/",
        "ftp://tickets.example/",
        "file:///etc/passwd",
        "//tickets.example/",
        "https://",
        "https://user:secret@tickets.example/",
        "https://tickets.example/#here",
        "https://tickets.example/a b",
        "https://tickets.example/\r\nHost: inner",
        "https://tickets.example:99999/",
        "https://ٹکٹ.example/",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fd00::1]/",
        "https://0.0.0.0/",
        "https://255.255.255.255/",
        "https://224.0.0.1/",
        "https://tickets.example/" + "a" * 1_000,
    ],
)
def test_what_is_no_place_outside_is_refused(url):
    with pytest.raises(Invalid):
        outward.place(url)


def test_the_operator_names_networks_beside_the_public_one():
    ministry = outward.networks(["10.20.0.0/16", " "])
    assert outward.may_reach(ipaddress.ip_address("10.20.1.1"), known=ministry)
    assert outward.may_reach(ipaddress.ip_address("::ffff:10.20.1.1"), known=ministry)
    assert not outward.may_reach(ipaddress.ip_address("10.21.1.1"), known=ministry)
    with pytest.raises(Invalid):
        outward.networks(["10.20.0.1/16"])


def test_plain_http_goes_to_a_loopback_that_was_named_and_nowhere_else():
    assert not outward.place("http://127.0.0.1:8000/", known=LOOPBACK).secure
    for url in ("http://localhost:8000/", "http://tickets.example/", "http://10.1.1.1/"):
        with pytest.raises(Invalid):
            outward.place(url, known=(*LOOPBACK, *outward.networks(["10.0.0.0/8"])))
