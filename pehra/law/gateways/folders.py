"""The folders in which profiles lie."""

from functools import cache
from pathlib import Path

from pehra.kernel.refusals import Invalid

FILE_BYTES_MAX = 1_000_000
FILES_MAX = 64


_chosen: list[Path] = []


def use_profiles_folder(folder: Path) -> None:
    """Look for profiles by name in this folder, instead of those that ship. For entry points, before any is loaded."""
    if not folder.is_dir():
        raise Invalid(f"there is no folder {folder} to hold profiles", field="profiles")
    _chosen[:] = [folder.resolve()]


def profiles_folder() -> Path:
    """Return the folder of the profiles: the chosen one, else inside an installed package, else beside the source."""
    return _chosen[-1] if _chosen else _shipped()


@cache
def _shipped() -> Path:
    package = Path(__file__).resolve().parents[1]
    installed = package / "profiles"
    return installed if installed.is_dir() else package.parents[1] / "profiles"


def find(source: str | Path) -> Path:
    """Return the folder of a profile given by name or by path; refuse what is neither."""
    by_name = profiles_folder() / str(source)
    if isinstance(source, str) and "/" not in source and by_name.is_dir():
        return by_name
    folder = Path(source)
    if folder.is_dir():
        return folder.resolve()
    known = ", ".join(_names()) or "none"
    raise Invalid(f"there is no profile {str(source)!r}; known are: {known}; or give a folder", field="profile")


def _names() -> list[str]:
    """Return the names of the installed profiles; none where the folder has gone."""
    folder = profiles_folder()
    return sorted(path.parent.name for path in folder.glob("*/identity.toml"))


def only_profile() -> str:
    """Return the name of the one profile that is installed; refuse to choose among several."""
    names = _names()
    if len(names) != 1:
        raise Invalid(f"name one of these profiles, or give a folder: {', '.join(names) or 'none'}", field="profile")
    return names[0]


def read(folder: Path) -> dict[str, str]:
    """Return the texts of a profile's TOML files by file name."""
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise Invalid(f"{folder} holds no TOML file, so it is no profile", field="profile")
    if len(paths) > FILES_MAX:
        raise Invalid(f"{folder} holds {len(paths)} TOML files; a profile has at most {FILES_MAX}", field="profile")
    return {path.name: _text(path) for path in paths}


def _text(path: Path) -> str:
    if path.stat().st_size > FILE_BYTES_MAX:
        raise Invalid(f"{path} is larger than {FILE_BYTES_MAX} bytes, so it is no file of a profile", field="profile")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(f"{path} is not written in UTF-8: byte {error.start}", field="profile") from error
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}", field="profile") from error
