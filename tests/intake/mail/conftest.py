"""A pair of real mail servers a module, and a mailbox of theirs that the node reads."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.intake.mail.servers import PASSWORD, MailServers, start

Configure = Callable[..., str]


@pytest.fixture(scope="module")
def mail_servers() -> Iterator[MailServers]:
    """OpenSMTPD and Dovecot on loopback, in a folder that their account may reach."""
    folder = Path(tempfile.mkdtemp(prefix="pehra-mail-", dir="/tmp"))
    try:
        servers = start(folder)
        try:
            yield servers
        finally:
            servers.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def mailbox(data_folder: Path) -> Configure:
    """Write one mailbox down for the node, on a server that may not be there; returns the account's name."""

    def write(
        *,
        port: int = 1,
        believes: tuple[str, ...] = (),
        server: str = "",
        receipts: bool = True,
        team: str = "pkcert",
    ) -> str:
        account = f"reports-{uuid4().hex[:8]}"
        (data_folder / "box.password").write_text(PASSWORD)
        (data_folder / "box.password").chmod(0o600)
        (data_folder / "mailboxes.toml").write_text(f"""
[[mailbox]]
name = "reports"
host = "127.0.0.1"
port = {port}
security = "none"
user = "{account}"
password_file = "box.password"
team = "{team}"
addresses = ["reports@cert.example"]
believes = {list(believes)}
{f'server = "{server}"' if server else ""}
receipts = {str(receipts).lower()}
""")
        return account

    return write


@pytest.fixture
def live_mailbox(mail_servers: MailServers, mailbox: Configure) -> Configure:
    """The same on the real server."""
    return lambda **box: mailbox(port=mail_servers.imap_port, **box)
