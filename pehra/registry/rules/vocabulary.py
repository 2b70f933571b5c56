"""The registry's words: what an asset is and how it is held.

The relations are those of the provincial mandate in Pakistan's CERT Rules 2023: assets *developed, occupied and
deployed* by public entities; the kinds of asset are those of the contract's import files.
"""

from enum import StrEnum


class Kind(StrEnum):
    """What one import file holds."""

    TEAMS = "teams"
    ORGANISATIONS = "organisations"
    ASSETS = "assets"
    CONTACTS = "contacts"


class AssetType(StrEnum):
    """What an asset is."""

    PREFIX = "prefix"
    ASN = "asn"
    DOMAIN = "domain"
    HOST = "host"
    SERVICE = "service"
    PRODUCT = "product"


class Relation(StrEnum):
    """How an organisation holds an asset."""

    DEVELOPED = "developed"
    OCCUPIED = "occupied"
    DEPLOYED = "deployed"


class Standing(StrEnum):
    """What the registry can say of an observable."""

    OWNED = "owned"
    UNOWNED = "unowned"  # in the country's own space, of no known organisation
    FOREIGN = "foreign"  # in no space that this country registered
    DIVIDED = "divided"  # a prefix larger than any holding, with holdings inside
    RESERVED = "reserved"  # an address that belongs to nobody on the public network
    NOT_AN_ASSET = "not-an-asset"  # a digest or a CVE: nobody holds it
    REFUSED = "refused"  # no observable at all
