"""What a browser calls itself, in a few words: for a person to know their own sessions by, and for no decision."""

BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser_of(agent: str) -> str:
    """Return the browser's name, or nothing when it is none of the known ones."""
    return next((name for mark, name in BROWSERS if mark in agent), "")


def system_of(agent: str) -> str:
    """Return the name of what the browser runs on, or nothing."""
    return next((name for mark, name in SYSTEMS if mark in agent), "")
