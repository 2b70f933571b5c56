"""The tests' own ground: a database of ours, a data folder of ours, people with fixed rights."""

import pytest
from django.conf import settings
from django.db import connection


@pytest.mark.django_db
def test_database_is_the_tests_own_server():
    with connection.cursor() as cursor:
        cursor.execute("select current_database()")
        assert cursor.fetchone()[0].startswith("test_")


def test_data_folder_is_the_tests_own(data_folder):
    assert data_folder == settings.PEHRA_DATA
    assert str(settings.PEHRA_LAKE).startswith(str(data_folder))
    assert str(data_folder) in settings.PEHRA_OUTBOX_URL


def test_stranger_has_nothing(stranger):
    assert not stranger.teams
    assert not stranger.organisations
    assert not stranger.permissions
