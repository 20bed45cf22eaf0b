# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Postfix, Exim and Dovecot on loopback, each in a temporary directory, and a sink for what they relay.

Their programs come from `.cache/mta` (see get-mtas.sh). They insist on users of their own and on being started by root;
the users are made up by nss_wrapper, for these processes only.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from aiosmtpd.controller import Controller

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiosmtpd.smtp import SMTP, Envelope, Session

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ROOT / ".cache" / "mta"
SECONDS = 20.0
UID = 61001  # of the users that are made up

HOST_NAME = "mail01.example.com"


def program(mta: str, path: str) -> Path:
    """Return where a program of an MTA was unpacked. Raises RuntimeError where that cannot be used."""
    found = PROGRAMS / mta / path
    if not found.exists():
        raise RuntimeError(
            f"{found} is missing, and these tests probe real MTAs. Get them, on Debian or its kin, without installing: "
            "tests/integration/mta/get-mtas.sh"
        )
    if os.geteuid() != 0:
        raise RuntimeError(
            "Mail servers can be started by root only. Run these tests as root, best in a container: "
            "pytest tests/integration/mta"
        )
    return found


def free_port(address: str = "127.0.0.1") -> int:
    """Return a port that is free now."""
    with socket.create_server((address, 0)) as listener:
        return int(listener.getsockname()[1])


class Sink:
    """Takes all mail from everybody, and keeps the envelopes: what arrives here was relayed."""

    def __init__(self) -> None:
        self.recipients: list[str] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())

    @property
    def port(self) -> int:
        """Return where it listens."""
        return int(self._controller.port)

    def __enter__(self) -> Sink:
        self._controller.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._controller.stop()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the recipients."""
        self.recipients += envelope.rcpt_tos
        return "250 taken"

    def received(self, count: int) -> list[str]:
        """Wait until so many recipients had a message, and return them."""
        deadline = time.monotonic() + SECONDS
        while len(self.recipients) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        return list(self.recipients)


@dataclass
class MTA(ABC):
    """A mail server in the foreground of its own process group, in its own directory."""

    port: int
    sink: int  # port to which everything is relayed
    files: Mapping[str, str] = field(default_factory=dict)  # name in {etc} -> text
    directory: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="mta-")))
    address: str = ""  # empty: 127.0.0.1
    _process: subprocess.Popen[bytes] | None = None

    mta: ClassVar[str]
    users: ClassVar[tuple[str, ...]]

    def __enter__(self) -> MTA:
        try:
            self.directory.chmod(0o755)  # the users that are made up go through here
            (self.directory / "etc").mkdir()
            for name, text in self.files.items():
                (self.directory / "etc" / name).write_text(text)
            self.start()
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    @abstractmethod
    def start(self) -> None:
        """Write the configuration and start the server."""

    def environment(self) -> dict[str, str]:
        """Return the environment in which the programs find their libraries and users."""
        (wrapper,) = (PROGRAMS / self.mta).glob("usr/lib/*/libnss_wrapper.so")
        passwd, group = self.directory / "passwd", self.directory / "group"
        people = [
            ":".join([user.pw_name, "x", str(user.pw_uid), str(user.pw_gid), "", user.pw_dir, user.pw_shell])
            for user in pwd.getpwall()
            if user.pw_name not in self.users
        ]
        groups = [f"{one.gr_name}:x:{one.gr_gid}:" for one in grp.getgrall() if one.gr_name not in self.users]
        made_up = [(name, UID + number) for number, name in enumerate(self.users)]
        passwd.write_text(
            "\n".join(
                [*people, *(f"{name}:x:{uid}:{uid}::/nonexistent:/usr/sbin/nologin" for name, uid in made_up), ""]
            )
        )
        group.write_text("\n".join([*groups, *(f"{name}:x:{gid}:" for name, gid in made_up), ""]))
        home, architecture = PROGRAMS / self.mta, wrapper.parent.name
        libraries = [wrapper.parent, home / "lib" / architecture, home / "usr/lib/postfix", home / "usr/lib/dovecot"]
        return {
            "LD_PRELOAD": str(wrapper),
            "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
            "NSS_WRAPPER_PASSWD": str(passwd),
            "NSS_WRAPPER_GROUP": str(group),
        }

    def run(self, *command: str | Path) -> None:
        """Start a program in a process group of its own."""
        output = (self.directory / "output").open("wb")
        with output:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                cwd=self.directory,
                env={"PATH": os.environ["PATH"], **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Postfix's master ends its whole process group
            )

    def log(self) -> str:
        """Return all that the server wrote."""
        paths = [self.directory / "output", *sorted(self.directory.glob("log/*"))]
        return "\n".join(path.read_text(errors="replace") for path in paths if path.exists())

    def _wait(self) -> None:
        deadline = time.monotonic() + SECONDS
        while not self._listens():
            ended = self._process is not None and self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise RuntimeError(f"{self.mta} does not answer\n{self.log()}")
            time.sleep(0.05)

    def _listens(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex((self.address or "127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """Stop the server with all that it started, by the id of its process group, and remove its directory."""
        if self._process is not None:
            for number in (signal.SIGTERM, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, number)
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(SECONDS / 4)
        shutil.rmtree(self.directory, ignore_errors=True)

    def send(self, sender: str, recipient: str) -> None:
        """Send a message as a stranger would, with the addresses exactly as given."""
        with smtplib.SMTP("127.0.0.1", self.port, "stranger.example.org", timeout=SECONDS) as client:
            client.ehlo()
            for command in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>"):
                code, text = client.docmd(command)
                assert code == 250, f"{command}: {code} {text!r}"
            code, text = client.data("Subject: relayed\r\n\r\nA stranger's mail.\r\n")
            assert code == 250, text


_SERVICES = """\
{address}:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 discard
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
virtual unix - n n - - virtual
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass
class Postfix(MTA):
    """Postfix for example.com, closed unless `settings` (of main.cf) say otherwise."""

    settings: Mapping[str, str] = field(default_factory=dict)

    mta = "postfix"
    users = ("postfix", "postdrop")

    def start(self) -> None:
        """Write main.cf and master.cf, make the queue, and start the master."""
        master = program(self.mta, "usr/lib/postfix/sbin/master")
        here = self.directory
        for name in ("spool", "data", "log"):
            (here / name).mkdir()
        for name in ("etc/main.cf", "etc/master.cf"):
            (here / name).touch()
        queues = "active bounce corrupt defer deferred flush hold incoming maildrop pid private public saved trace"
        for name in queues.split():
            (here / "spool" / name).mkdir()
            if name != "pid":
                os.chown(here / "spool" / name, UID, UID)
        for name in ("public", "maildrop"):
            os.chown(here / "spool" / name, UID, UID + 1)
            (here / "spool" / name).chmod(0o710 if name == "public" else 0o1730)
        os.chown(here / "data", UID, UID)
        environment = self.environment()
        settings = {
            "compatibility_level": "3.6",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "queue_directory": f"{here}/spool",
            "data_directory": f"{here}/data",
            "daemon_directory": str(PROGRAMS / "postfix/usr/lib/postfix/sbin"),
            "shlib_directory": "no",
            "meta_directory": f"{here}/etc",
            "import_environment": f"MAIL_CONFIG={here}/etc "
            + " ".join(f"{name}={value}" for name, value in environment.items()),
            "maillog_file": f"{here}/log/postfix",
            "maillog_file_prefixes": str(here),
            "inet_interfaces": "loopback-only",
            "inet_protocols": "all",
            "myhostname": HOST_NAME,
            "mydestination": f"example.com, {HOST_NAME}",
            "mynetworks": "192.0.2.0/24",  # nobody is here
            "local_recipient_maps": "inline:{jdoe=x, postmaster=x}",
            "local_transport": "discard",
            "alias_maps": "",
            "default_transport": f"smtp:[127.0.0.1]:{self.sink}",
            "relay_transport": f"smtp:[127.0.0.1]:{self.sink}",
            "smtp_host_lookup": "native",
            "smtpd_peername_lookup": "no",
            **{name: value.replace("{etc}", f"{here}/etc") for name, value in self.settings.items()},
        }
        (here / "etc/main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        (here / "etc/master.cf").write_text(_SERVICES.format(address=self.address, port=self.port).lstrip(":"))
        for path in (here / "etc").iterdir():
            os.utime(path, (0, 0))  # Postfix waits until files are not new, lest somebody be writing them
        self.run(master, "-c", here / "etc", "-d")


_EXIM = """\
exim_user = Debian-exim
exim_group = Debian-exim
exim_path = {program}
deliver_drop_privilege = true
keep_environment = LD_PRELOAD:LD_LIBRARY_PATH:NSS_WRAPPER_PASSWD:NSS_WRAPPER_GROUP
spool_directory = {directory}/spool
log_file_path = {directory}/log/%s
pid_file_path = {directory}/pid
primary_hostname = {host_name}
domainlist local_domains = example.com : {host_name}
daemon_smtp_ports = {port}
local_interfaces = <; 127.0.0.1 ; ::1
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = rcpt
{settings}
begin authenticators
{authenticators}
begin acl
rcpt:
{acl}
begin routers
{routers}
people:
  driver = accept
  domains = +local_domains
  local_parts = jdoe : postmaster
  transport = nowhere
elsewhere:
  driver = manualroute
  domains = ! +local_domains
  route_list = * 127.0.0.1::{sink}
  self = send
  transport = onward
begin transports
nowhere:
  driver = appendfile
  file = /dev/null
  user = Debian-exim
onward:
  driver = smtp
  hosts_try_fastopen =
"""

#: The rules of Debian's own configuration, as far as they concern relaying.
_EXIM_CLOSED = """\
  deny local_parts = ^[.] : ^.*[@%!/|]
       domains = +local_domains
  require message = relay not permitted
          domains = +local_domains
  require verify = recipient
  accept
"""


@dataclass
class Exim(MTA):
    """Exim for example.com, closed unless `acl` (for RCPT), `settings` and more `routers` say otherwise."""

    acl: str = _EXIM_CLOSED
    settings: str = ""
    routers: str = ""
    authenticators: str = ""

    mta = "exim"
    users = ("Debian-exim",)

    def start(self) -> None:
        """Write the configuration and start the daemon."""
        here = self.directory
        binary = program(self.mta, "usr/sbin/exim4")
        for name in ("spool", "log"):
            (here / name).mkdir()
            os.chown(here / name, UID, UID)
        (here / "etc/exim.conf").write_text(
            _EXIM.format(
                directory=here,
                program=binary,
                host_name=HOST_NAME,
                port=self.port,
                sink=self.sink,
                acl=self.acl,
                settings=self.settings.replace("{etc}", f"{here}/etc"),
                routers=self.routers,
                authenticators=self.authenticators,
            )
        )
        self.run(binary, "-bdf", "-q5s", "-C", here / "etc/exim.conf")


_DOVECOT = """\
base_dir = {directory}/run
state_dir = {directory}/run
log_path = {directory}/log/dovecot
libexec_dir = {home}/usr/lib/dovecot
mail_plugin_dir = {home}/usr/lib/dovecot/modules
auth_mechanisms = plain login
protocols = imap pop3
listen = {address}
import_environment = TZ LD_LIBRARY_PATH
default_internal_user = daemon
default_internal_group = daemon
default_login_user = nobody
first_valid_uid = {uid}
ssl = required
ssl_cert = <{directory}/etc/server.crt
ssl_key = <{directory}/etc/server.key
mail_location = maildir:{mailboxes}/%n
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {starttls[0]}
  }}
  inet_listener imaps {{
    port = {port}
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {starttls[1]}
  }}
  inet_listener pop3s {{
    port = {pop3s}
  }}
}}
auth_failure_delay = 0
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={uid} home={mailboxes}/%n
}}
"""


@dataclass
class Dovecot(MTA):
    """Dovecot over maildirs, with one password for all. `port` is IMAP over TLS; the others are chosen here."""

    sink: int = 0  # it relays nothing
    mailboxes: Path = Path()
    password: str = ""
    pop3s: int = 0
    starttls: tuple[int, int] = (0, 0)  # IMAP, POP3

    mta = "dovecot"
    users = ()  # it looks them up when it has forgotten its environment, so they must be real

    def start(self) -> None:
        """Write the configuration and start the master."""
        here = self.directory
        binary = program(self.mta, "usr/sbin/dovecot")
        for name in ("run", "log"):
            (here / name).mkdir()
        address = self.address or "127.0.0.1"
        ports: set[int] = {self.port}
        while len(ports) < 4:
            ports.add(free_port(address))
        self.pop3s, *plain = sorted(ports - {self.port})
        self.starttls = (plain[0], plain[1])
        (here / "etc/dovecot.conf").write_text(
            _DOVECOT.format(
                directory=here,
                home=PROGRAMS / self.mta,
                address=address,
                uid=UID,
                mailboxes=self.mailboxes,
                password=self.password,
                port=self.port,
                pop3s=self.pop3s,
                starttls=self.starttls,
            )
        )
        # What dovecot would do itself, had it been installed: doveconf reads the settings and starts the master.
        configuration = here / "etc/dovecot.conf"
        read = [
            program(self.mta, "usr/bin/doveconf"),
            "-f",
            "service=master",
            "-c",
            configuration,
            "-m",
            "master",
            "-p",
        ]
        self.run(*read, "-e", binary, "-F", "-c", configuration)
