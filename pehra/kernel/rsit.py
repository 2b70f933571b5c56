"""The Reference Security Incident Taxonomy: which types of incidents there are, and of which class each is.

ENISA's RSIT 1003 (version 1.3), the table of machine values: the words in which law, findings, incidents and exchange
speak of what happened.
"""

CLASSES: dict[str, tuple[str, ...]] = {
    "abusive-content": ("spam", "harmful-speech", "violence"),
    "malicious-code": ("infected-system", "c2-server", "malware-distribution", "malware-configuration"),
    "information-gathering": ("scanner", "sniffing", "social-engineering"),
    "intrusion-attempts": ("ids-alert", "brute-force", "exploit"),
    "intrusions": (
        "privileged-account-compromise",
        "unprivileged-account-compromise",
        "application-compromise",
        "system-compromise",
        "burglary",
    ),
    "availability": ("dos", "ddos", "misconfiguration", "sabotage", "outage"),
    "information-content-security": (
        "unauthorised-information-access",
        "unauthorised-information-modification",
        "data-loss",
        "data-leak",
    ),
    "fraud": ("unauthorised-use-of-resources", "copyright", "masquerade", "phishing"),
    "vulnerable": (
        "weak-crypto",
        "ddos-amplifier",
        "potentially-unwanted-accessible",
        "information-disclosure",
        "vulnerable-system",
    ),
    "other": ("other", "undetermined"),
    "test": ("test",),
}

CLASS_OF: dict[str, str] = {kind: name for name, kinds in CLASSES.items() for kind in kinds}


def is_known(taxonomy: str, kind: str = "") -> bool:
    """Whether there is such a class, and, where a type is given, whether it is of that class."""
    return taxonomy in CLASSES and (not kind or kind in CLASSES[taxonomy])
