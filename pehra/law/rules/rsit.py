"""The classes of RSIT 1003, the Reference Security Incident Taxonomy."""

# RSIT 1003: the eleven classes. A rule over a class outside it would never apply, and nobody would notice.
TAXONOMIES = (
    "abusive-content",
    "malicious-code",
    "information-gathering",
    "intrusion-attempts",
    "intrusions",
    "availability",
    "information-content-security",
    "fraud",
    "vulnerable",
    "other",
    "test",
)
