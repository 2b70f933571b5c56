"""Which files of the vault replies name: as the mail came, and each file that came with it."""

from collections.abc import Collection

from django.db import connection

from pehra.access import api as access
from pehra.threads.models import Reply

# One look into the index for each hash: a list of files is no column that could be compared with many.
_IN_FILES = """
    SELECT hash FROM unnest(%s::text[]) AS hash
    WHERE EXISTS (
        SELECT FROM threads_reply WHERE files @> jsonb_build_array(jsonb_build_object('sha256', hash))
    )
"""


def files_named(among: Collection[str]) -> set[str]:
    """Return those of some hashes that a reply names, whoever's it is: the vault lets go of none of them."""
    with access.elevated(part="threads.files"):
        mails = Reply.objects.exclude(raw_sha256="").filter(raw_sha256__in=list(among))
        named = set(mails.values_list("raw_sha256", flat=True))
        with connection.cursor() as cursor:
            cursor.execute(_IN_FILES, [list(among)])
            named |= {row[0] for row in cursor.fetchall()}
    return named
