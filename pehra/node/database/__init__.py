"""The embedded PostgreSQL: a real server on a Unix socket in the data folder, shared by all who need it.

It refuses what it cannot do safely and says what to do instead: a folder of another version, a full disk, a folder it
may not write. It trusts no process number, listens on no network, and widens nobody's permissions.
"""

from pehra.node.database.cluster import Database

__all__ = ["Database"]
