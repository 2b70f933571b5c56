"""The fonts' lock and their letters; the fetching itself needs a network and is not run here."""

import json
import re

from django.test import override_settings

from pehra.law import api as law
from pehra.web import fonts, translations


def letters() -> set[int]:
    """Every code point that the fonts keep."""
    kept: set[int] = set()
    for first, last in re.findall(r"U\+([0-9A-F]+)(?:-([0-9A-F]+))?", fonts.RANGES):
        kept |= set(range(int(first, 16), int(last or first, 16) + 1))
    return kept


def test_the_lock_names_every_package_by_checksum_and_no_host():
    lock = json.loads((fonts.LOCK_FOLDER / "package-lock.json").read_text())
    packages = {name.removeprefix("node_modules/"): entry for name, entry in lock["packages"].items() if name}
    assert set(packages) == {font.package for font in fonts.FONTS}
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert not [entry for entry in packages.values() if "resolved" in entry]
    assert "--hash=sha256:" in (fonts.LOCK_FOLDER / "node.lock").read_text()


def test_the_fonts_keep_every_letter_that_is_written_here():
    said = {letter for entry in translations.catalogue("ur") for text in [entry.string] for letter in "".join(text)}
    profile = law.load("pk")
    named = (profile.teams, profile.sectors, profile.territories, profile.duties, profile.attributes)
    said |= {letter for records in named for record in records for letter in record.name_local}
    arabic = {ord(letter) for letter in said if "\u0600" <= letter <= "\u06ff" or "\ufb50" <= letter <= "\ufefc"}
    assert arabic <= letters(), [chr(letter) for letter in sorted(arabic - letters())]
    assert len(arabic) > 40


def test_the_style_sheet_names_each_file_once():
    sheet = fonts.style_sheet()
    assert [sheet.count(f'url("{font.name}")') for font in fonts.FONTS] == [1] * len(fonts.FONTS)


def test_fonts_that_cannot_be_made_are_no_failure(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "npm").write_text("#!/bin/sh\necho no network here >&2\nexit 1\n")
    (tmp_path / "npm").chmod(0o755)
    with override_settings(PEHRA_FONTS=tmp_path / "fonts"):
        assert fonts.main() == 0
    assert "pages use the system's fonts. no network here" in capsys.readouterr().err
    assert not (tmp_path / "fonts").exists()
