"""Build what the pages need beside the source: translations, fonts, static files. `./run` and `./test` call it.

A part that has something to build says so in `preparation.py` with one function, `prepare()`. What cannot be built for
want of a network is left out with a message: the pages stand without it.
"""

import importlib
import importlib.util
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
    from django.core.management import call_command

    for part in apps.get_app_configs():
        if part.name.startswith("pehra.") and importlib.util.find_spec(f"{part.name}.preparation"):
            importlib.import_module(f"{part.name}.preparation").prepare()
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    return 0


if __name__ == "__main__":
    sys.argv.append("collectstatic")  # the settings choose the storage with hashed names by this word
    sys.exit(main())
