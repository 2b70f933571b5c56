"""Real mail servers of the machine's own packages, on loopback: OpenSMTPD takes mail in, Dovecot gives it out.

Each test session has its own pair, in a folder of its own, as root with an account of no rights for the mails. Where
the packages, or root, are absent the tests are skipped and say what is missing.
"""

import fcntl
import os
import pwd
import shutil
import smtplib
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import make_msgid
from pathlib import Path

import pytest

ACCOUNT = "mail"  # Debian's own account for mails, in every installation
PASSWORD = "on-loopback-only"
START_SECONDS = 20
ALONE_SECONDS = 300
MESSAGE_BYTES_MAX = "260M"


@dataclass(kw_only=True)
class MailServers:
    """A running pair of servers. Every local part at `cert.example` has a mailbox of its own."""

    folder: Path
    smtp_port: int
    imap_port: int
    running: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    only: int = 0

    def send(self, raw: bytes, *, to: str = "reports", sender: str = "someone@else.example") -> None:
        """Hand a mail to the SMTP server as it is."""
        self.send_many([raw], to=to, sender=sender)

    def send_many(self, mails: "list[bytes]", *, to: str = "reports", sender: str = "someone@else.example") -> None:
        """Hand mails to the SMTP server over one connection a hundred."""
        for start in range(0, len(mails), 100):
            with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=120) as server:
                for raw in mails[start : start + 100]:
                    server.sendmail(sender, [f"{to}@cert.example"], raw)

    def wait_for(self, count: int, *, to: str = "reports", seconds: float = 60) -> None:
        """Wait until so many mails lie in a mailbox."""
        end = time.monotonic() + seconds
        while self.lying(to) < count:
            assert time.monotonic() < end, f"{self.lying(to)} of {count} mails arrived"
            time.sleep(0.05)

    def lying(self, to: str = "reports", folder: str = "") -> int:
        """How many mails lie in a folder, by the files themselves."""
        place = self.folder / "mails" / to / "Maildir"
        if folder:
            place = place / f".{folder.replace('/', '.')}"
        return sum(len(list((place / name).glob("*"))) for name in ("new", "cur") if (place / name).is_dir())

    def put(self, raw: bytes, *, to: str = "reports") -> None:
        """Lay a mail into a mailbox as a server without limits would have: for what no server takes in."""
        place = self.folder / "mails" / to / "Maildir"
        uid = pwd.getpwnam(ACCOUNT)
        for name in ("tmp", "new", "cur"):
            (place / name).mkdir(parents=True, exist_ok=True)
        file = place / "new" / f"{time.time_ns()}.{os.getpid()}.{make_msgid()[1:20]}.here"
        file.write_bytes(raw)
        for path in (place.parent, place, *place.rglob("*")):
            os.chown(path, uid.pw_uid, uid.pw_gid)

    def stop(self) -> None:
        """Stop both servers, by their own process ids."""
        for program in self.running:
            program.terminate()
        for program in self.running:
            program.wait(timeout=START_SECONDS)
        if self.only:
            os.close(self.only)


def start(folder: Path) -> MailServers:
    """Start both servers; skip the test where they cannot run."""
    for program in ("dovecot", "smtpd"):
        if shutil.which(program, path="/usr/sbin:/usr/bin") is None:
            pytest.skip(f"no {program}: apt-get install dovecot-imapd opensmtpd")
    if os.geteuid() != 0:
        pytest.skip("Dovecot and OpenSMTPD start as root only")
    uid = pwd.getpwnam(ACCOUNT)
    mails = folder / "mails"
    mails.mkdir(parents=True)
    os.chown(mails, uid.pw_uid, uid.pw_gid)
    for path in (folder, *folder.parents):
        if str(path).startswith("/tmp/"):
            path.chmod(0o755)
    servers = MailServers(folder=folder, smtp_port=_free_port(), imap_port=_free_port())
    try:
        _start_dovecot(servers, uid)
        _start_smtpd(servers)
    except BaseException:
        servers.stop()
        raise
    return servers


def _start_dovecot(servers: MailServers, uid: pwd.struct_passwd) -> None:
    base = servers.folder / "dovecot"
    base.mkdir()
    config = base / "dovecot.conf"
    config.write_text(f"""
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 0
mail_location = maildir:{servers.folder}/mails/%n/Maildir
default_internal_user = {ACCOUNT}
default_login_user = nobody
default_internal_group = {ACCOUNT}
mail_max_userip_connections = 100
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {servers.imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={uid.pw_uid} gid={uid.pw_gid} home={servers.folder}/mails/%n
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
""")
    servers.running.append(_started(["/usr/sbin/dovecot", "-F", "-c", str(config)], base / "out"))
    _wait(lambda: _answers(servers.imap_port), "dovecot to answer")


def _start_smtpd(servers: MailServers) -> None:
    base = servers.folder / "smtpd"
    base.mkdir()
    config = base / "smtpd.conf"
    (base / "accounts").write_text(f"@ {ACCOUNT}\n")
    config.write_text(f"""
table accounts file:{base}/accounts
smtp max-message-size {MESSAGE_BYTES_MAX}
queue ttl 1h
listen on 127.0.0.1 port {servers.smtp_port} hostname mx.cert.example
action "local" maildir "{servers.folder}/mails/%{{rcpt.user}}/Maildir" virtual <accounts>
match from any for domain "cert.example" action "local"
""")
    servers.only = _alone()
    servers.running.append(_started(["/usr/sbin/smtpd", "-d", "-f", str(config)], base / "log"))
    _wait(lambda: _answers(servers.smtp_port), "smtpd to answer")


def _started(command: list[str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as out:
        return subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)


def _alone() -> int:
    """Wait until no other session runs an OpenSMTPD: all of a machine share one queue."""
    number = os.open("/tmp/pehra-test-smtpd.lock", os.O_CREAT | os.O_RDWR, 0o600)
    end = time.monotonic() + ALONE_SECONDS
    while True:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return number
        except BlockingIOError:
            if time.monotonic() > end:
                os.close(number)
                pytest.skip("another session runs OpenSMTPD: all of a machine share one queue")
            time.sleep(0.5)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            return bool(connection.recv(3))
    except OSError:
        return False


def _wait(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + START_SECONDS
    while not done():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)
