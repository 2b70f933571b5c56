"""Fixtures that every part's tests share."""

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(os.environ.get("PEHRA_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real inputs kept beside the checkout; a test that reads them is skipped where they are absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no shared data at {SHARED_DATA}; set PEHRA_SHARED_DATA to run this test")
    return SHARED_DATA
