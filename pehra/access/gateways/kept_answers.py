"""Claiming a key in one statement: of two that come together one has it, and the other waits and is told so."""

from django.db import connection

from pehra.access.models import KeptAnswer

_CLAIM = """
    INSERT INTO access_keptanswer (id, holder_id, key_sha256, request_sha256, body, at)
    VALUES (%s, %s, %s, %s, '', %s)
    ON CONFLICT (holder_id, key_sha256) DO NOTHING RETURNING true"""


def claim(row: KeptAnswer) -> bool:
    """Write a fresh row, unless its holder has one of this key; say whether it was written."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [row.id, row.holder_id, row.key_sha256, row.request_sha256, row.at])
        return cursor.fetchone() is not None
