"""Build what the pages need beside the source: translations, fonts, static files. `./run` and `./test` call it.

A part that has something to build says so in `preparation.py` with one function, `prepare()`. What cannot be built for
want of a network is left out with a message: the pages stand without it.
"""

import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path


def compile_translations(folder: Path) -> int:
    """Compile every `*.po` below the folder to the `*.mo` that gettext reads; return how many."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = 0
    for source in sorted(folder.rglob("locale/*/LC_MESSAGES/*.po")):
        with source.open("rb") as file:
            catalog = read_po(file, abort_invalid=True)
        part = source.with_suffix(".mo.part")
        with part.open("wb") as file:
            write_mo(file, catalog)
        part.rename(source.with_suffix(".mo"))
        compiled += 1
    return compiled


def main() -> int:
    """Build everything; return the exit code."""
    from pehra.node.session import set_up_django

    compile_translations(Path(__file__).resolve().parents[1])
    set_up_django()
    from django.apps import apps

    for part in apps.get_app_configs():
        if part.name.startswith("pehra.") and importlib.util.find_spec(f"{part.name}.preparation"):
            importlib.import_module(f"{part.name}.preparation").prepare()
    # A process of its own: which folders there are is settled when the settings are read, and the fonts are new.
    collect = [sys.executable, "-m", "django", "collectstatic", "--no-input", "--clear", "--verbosity", "0"]
    return subprocess.run([*collect, "--settings", "pehra.node.settings"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
