# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab on disk and its processes: laying it out, starting, waiting until ready, stopping by pid.

The state directory holds everything; `handshake.json` in it says where everything is. Processes outlive the command
that started them and write their output into the state directory.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dominolab import dns, seed
from dominolab.directory import Directory
from dominolab.notes_names import abbreviated, same

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dominolab.topology import Foreign, NotesDomain, ServerSpec, Topology

HANDSHAKE = "handshake.json"
_MARKER = ".dominolab"
_READY_SECONDS = 30.0
_STOP_SECONDS = 15.0
_STARTING_AT_ONCE = 16
_LOG_TAIL = 20
_ELSEWHERE = 0  # the pid of what does not run on this machine; no process has it
_DATA, _PROGRAM = Path("local/notesdata"), Path("opt/hcl/domino")  # below a host's root
_PACKAGE = Path(__file__).parent
_SOURCES = _PACKAGE.parent


class LabError(Exception):
    """The lab cannot do what was asked; the text says why."""


@dataclass(frozen=True)
class Place:
    """Where one server runs, as itself sees it."""

    root: Path  # what is above /local and /opt
    python: str
    sources: Path  # what Python has to find: this package and what it needs
    smtp_port: int
    rest_port: int
    replica_port: int
    resolver: tuple[str, int]

    @property
    def is_own_host(self) -> bool:
        """Say whether the server has a host for itself, with a Python and a resolver of its own."""
        return self.root == Path("/")


#: The ports of a lab host that has an address of its own: those of SMTP, Notes RPC and Domino REST API.
SMTP_PORT, REPLICA_PORT, REST_PORT, DNS_PORT = 25, 1352, 8880, 53


class Lab:
    """One lab in one state directory."""

    def __init__(self, state: Path) -> None:
        self.state = state.resolve()

    # -- whole lab --------------------------------------------------------------------------------------------------

    def up(self, topology: Topology) -> dict[str, Any]:
        """Start a fresh lab and return its handshake; what was in the state directory before is thrown away."""
        self._clear()
        (self.state / _MARKER).touch()
        started: list[int] = []
        try:
            return self._up(topology, started)
        except BaseException:
            for pid in reversed(started):
                self._stop(pid)
            raise

    def _up(self, topology: Topology, started: list[int]) -> dict[str, Any]:
        dns_pid, dns_port = self._start_dns(topology)
        started.append(dns_pid)
        addresses = [server.address for _, server in topology.servers]
        smtp_port = free_port([*addresses, *(foreign.address for foreign in topology.foreign)])
        ports = {address: free_ports(address, 2, {smtp_port}) for address in addresses}
        handshake: dict[str, Any] = {
            "smtp_port": smtp_port,
            "dns": {"address": topology.dns_address, "port": dns_port, "pid": dns_pid},
            "servers": {},
            "foreign": {},
        }
        resolver = (topology.dns_address, dns_port)
        replica_ports = {address: replica for address, (_rest, replica) in ports.items()}
        for domain in topology.domains:
            with contextlib.closing(Directory(Path(":memory:"))) as replica:
                seed.fill(replica, domain, smtp_port)
                for server in domain.servers:
                    place = Place(
                        self.state / server.host,
                        sys.executable,
                        _SOURCES,
                        smtp_port,
                        rest_port=ports[server.address][0],
                        replica_port=ports[server.address][1],
                        resolver=resolver,
                    )
                    handshake["servers"][server.host] = self._lay_out(domain, server, place, replica_ports, replica)
        waiting: list[tuple[int, Path, Callable[[], bool]]] = []
        for host, entry in handshake["servers"].items():
            entry["pid"] = self._spawn_server(host)
            started.append(entry["pid"])
            waiting.append((entry["pid"], self._server_output(host), partial(self.answers, host)))
            if len(waiting) == _STARTING_AT_ONCE:  # a fleet that starts all at once keeps each of its servers waiting
                self._wait_until_all_ready(waiting)
        for foreign in topology.foreign:
            pid, mailboxes = self._start_foreign(foreign, smtp_port)
            started.append(pid)
            output = self._foreign_output(foreign.domain)
            waiting.append((pid, output, partial(_says_ready, output)))
            handshake["foreign"][foreign.domain] = {
                "host_name": foreign.host_name,
                "address": foreign.address,
                "pid": pid,
                "mailboxes": str(mailboxes),
            }
        self._wait_until_all_ready(waiting)
        self._write_handshake(handshake)
        return handshake

    def lay_out(self, topology: Topology, python: str, sources: Path) -> dict[str, Any]:
        """Lay out a lab whose servers run on hosts of their own, and return its handshake; nothing is started.

        What stands below `<host>/` in the state directory belongs into the root directory of that host, where `python`
        and `sources` are. The hosts have the addresses of the topology, and the usual ports.
        """
        self._clear()
        (self.state / _MARKER).touch()
        replica_ports = {server.address: REPLICA_PORT for _, server in topology.servers}
        resolver = (topology.dns_address, DNS_PORT)
        place = Place(Path("/"), python, sources, SMTP_PORT, REST_PORT, REPLICA_PORT, resolver)
        handshake: dict[str, Any] = {
            "smtp_port": SMTP_PORT,
            "dns": {"address": topology.dns_address, "port": DNS_PORT, "pid": _ELSEWHERE},
            "servers": {},
            "foreign": {
                foreign.domain: {"host_name": foreign.host_name, "address": foreign.address, "pid": _ELSEWHERE}
                for foreign in topology.foreign
            },
        }
        for domain in topology.domains:
            with contextlib.closing(Directory(Path(":memory:"))) as replica:
                seed.fill(replica, domain, SMTP_PORT)
                for server in domain.servers:
                    entry = self._lay_out(domain, server, place, replica_ports, replica)
                    handshake["servers"][server.host] = {**entry, "pid": _ELSEWHERE}
        self._write_handshake(handshake)
        return handshake

    def down(self) -> None:
        """Stop everything and wait; what already stopped is no error."""
        handshake = self.handshake()
        pids = [entry["pid"] for entry in handshake["servers"].values()]
        pids += [entry["pid"] for entry in handshake["foreign"].values()]
        self._stop(*pids)
        self._stop(handshake["dns"]["pid"])
        (self.state / HANDSHAKE).unlink(missing_ok=True)

    def handshake(self) -> dict[str, Any]:
        """Return handshake.json; raise LabError where no lab was started."""
        try:
            data: dict[str, Any] = json.loads((self.state / HANDSHAKE).read_text(encoding="utf-8"))
        except FileNotFoundError as exc:
            raise LabError(f"No lab is up in {self.state}. Start one with: dominolab up") from exc
        return data

    def status(self) -> dict[str, Any]:
        """Return which processes run, and the tasks of each server."""
        handshake = self.handshake()
        servers = {}
        for host, entry in handshake["servers"].items():
            running = self._is_ours(entry["pid"])
            servers[host] = {"running": running, "pid": entry["pid"], "tasks": self._tasks(host)}
        return {
            "dns": {"running": self._is_ours(handshake["dns"]["pid"])},
            "servers": servers,
            "foreign": {name: {"running": self._is_ours(e["pid"])} for name, e in handshake["foreign"].items()},
        }

    # -- one server -------------------------------------------------------------------------------------------------

    def start(self, host: str) -> None:
        """Start one server that is stopped."""
        handshake = self.handshake()
        entry = self._entry(handshake, host)
        if self._is_ours(entry["pid"]):
            raise LabError(f"{host} already runs (pid {entry['pid']})")
        entry["pid"] = self._spawn_server(host)
        self._wait_until_ready(entry["pid"], self._server_output(host), lambda: self.answers(host))
        self._write_handshake(handshake)

    def stop(self, host: str) -> None:
        """Stop one server with SIGTERM and wait."""
        self._stop(self._entry(self.handshake(), host)["pid"])

    def ask(self, host: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request to a server's console socket; raise LabError where no server answers."""
        data_directory = self.state / host / "local" / "notesdata"
        try:
            directory = os.open(data_directory, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError as exc:
            raise LabError(f"There is no server {host} in {self.state}") from exc
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                # through /proc, because the path of a socket must be short
                connection.connect(f"/proc/self/fd/{directory}/.dominolab-console")
                connection.sendall(json.dumps(request).encode() + b"\n")
                with connection.makefile("r", encoding="utf-8") as stream:
                    answer = stream.readline()
        except OSError as exc:
            raise LabError(f"{host} does not run: {exc.strerror}") from exc
        finally:
            os.close(directory)
        result: dict[str, Any] = json.loads(answer or "{}")
        if "error" in result:
            raise LabError(result["error"])
        return result

    def answers(self, host: str) -> bool:
        """Tell whether a server has started all its tasks."""
        with contextlib.suppress(LabError):
            return bool(self.ask(host, {}).get("started"))
        return False

    def _tasks(self, host: str) -> list[str]:
        with contextlib.suppress(LabError):
            return list(self.ask(host, {}).get("tasks", []))
        return []

    def documents(self, host: str, form: str | None) -> list[dict[str, Any]]:
        """Return the documents of a server's replica, as stored."""
        path = self.state / host / "local" / "notesdata" / "names.nsf"
        if not path.exists():
            raise LabError(f"There is no server {host} in {self.state}")
        with contextlib.closing(Directory(path)) as directory:
            return [
                {"unid": note.unid, "form": note.form, "revision": note.revision, "items": dict(note.items)}
                for note in directory.documents(form)
            ]

    # -- laying out -------------------------------------------------------------------------------------------------

    def _clear(self) -> None:
        if (self.state / HANDSHAKE).exists():
            handshake = self.handshake()
            entries = [handshake["dns"], *handshake["servers"].values(), *handshake["foreign"].values()]
            if any(self._is_ours(entry["pid"]) for entry in entries):
                raise LabError(f"A lab is up in {self.state}. Stop it with: dominolab down")
        if self.state.exists() and any(self.state.iterdir()) and not (self.state / _MARKER).exists():
            raise LabError(f"{self.state} is not empty and no lab made it; give another directory")
        shutil.rmtree(self.state, ignore_errors=True)
        self.state.mkdir(parents=True)

    def _lab_json(
        self,
        domain: NotesDomain,
        server: ServerSpec,
        place: Place,
        replica_ports: Mapping[str, int],
    ) -> dict[str, Any]:
        options = {k: v for k, v in server.options.items() if k not in ("notes_ini", "server_document")}
        rest = {
            "user_name": f"CN=Lab Admin/O={domain.organization}",
            "password": secrets.token_urlsafe(18),
            **options.pop("rest", {}),
        }
        return {
            **options,
            "rest": rest,
            "server_name": server.name,
            "notes_domain": domain.name,
            "host_name": server.host_name,
            "address": server.address,
            "smtp_port": place.smtp_port,
            "release": server.release,
            "resolver_address": place.resolver[0],
            "resolver_port": place.resolver[1],
            "rest_port": place.rest_port,
            "replica_port": place.replica_port,
            "data_directory": str(place.root / _DATA),
            "program_directory": str(place.root / _PROGRAM),
            "peers": {
                peer.name: [peer.address, replica_ports[peer.address]]
                for peer in domain.servers
                if peer.name != server.name
            },
        }

    def _lay_out(
        self,
        domain: NotesDomain,
        server: ServerSpec,
        place: Place,
        replica_ports: Mapping[str, int],
        replica: Directory,
    ) -> dict[str, Any]:
        """Write what a server needs, and return its entry of the handshake."""
        lab = self._lab_json(domain, server, place, replica_ports)
        root = self.state / server.host
        data, program = root / _DATA, root / _PROGRAM
        for directory in (data / "IBM_TECHNICAL_SUPPORT", program / "bin"):
            directory.mkdir(parents=True)
        lab_json = root / "lab.json"
        lab_json.touch(mode=0o600)  # it holds a password
        lab_json.write_text(json.dumps(lab, indent=1), encoding="utf-8")
        directories = (place.root / _DATA, place.root / _PROGRAM)
        (data / "notes.ini").write_bytes(seed.notes_ini(domain, server, *directories))
        replica.copy(data / "names.nsf")
        python, lab_path = shlex.quote(place.python), shlex.quote(str(place.root / "lab.json"))
        front = shlex.quote(str(place.sources / "dominolab" / "front.py"))
        _write_script(
            program / "bin" / "server",
            f'if [ "${{1-}}" = -c ]; then exec {python} -I -S {front} "$0" {lab_path} "$@"; fi\n'
            f"PYTHONPATH={shlex.quote(str(place.sources))}; export PYTHONPATH\n"
            f'exec {python} {front} "$0" {lab_path} "$@"\n',
        )
        entry = self._server_entry(domain, server, lab, place)
        if place.is_own_host:
            return entry
        (root / "bin").mkdir()
        _write_script(
            root / "bin" / "python3",
            f"DOMINOLAB_RESOLVER={place.resolver[0]}:{place.resolver[1]}\n"
            f"PYTHONPATH={shlex.quote(str(place.sources / 'dominolab' / 'sitecustomize'))}"
            f"${{PYTHONPATH:+:$PYTHONPATH}}\n"
            f'export DOMINOLAB_RESOLVER PYTHONPATH\nexec {python} "$@"\n',
        )
        return entry

    def _server_entry(
        self, domain: NotesDomain, server: ServerSpec, lab: Mapping[str, Any], place: Place
    ) -> dict[str, Any]:
        rest = lab["rest"]
        return {
            "server_name": abbreviated(server.name),
            "notes_domain": domain.name,
            "host_name": server.host_name,
            "address": server.address,
            "data_directory": lab["data_directory"],
            "program_directory": lab["program_directory"],
            "python": place.python if place.is_own_host else str(place.root / "bin" / "python3"),
            "rest_url": f"http://{server.address}:{lab['rest_port']}",
            "rest_username": rest.get("username", "Lab Admin"),
            "rest_password": rest["password"],
            "rest_scope": rest.get("scope", "dominodirectory"),
            "administration_server": same(server.name, domain.administration_server),
        }

    def _entry(self, handshake: Mapping[str, Any], host: str) -> dict[str, Any]:
        try:
            entry: dict[str, Any] = handshake["servers"][host]
        except KeyError:
            known = ", ".join(handshake["servers"])
            raise LabError(f"There is no server {host}; there are: {known}") from None
        return entry

    def _write_handshake(self, handshake: Mapping[str, Any]) -> None:
        temporary = self.state / f"{HANDSHAKE}.{os.getpid()}"
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(handshake, indent=1) + "\n", encoding="utf-8")
        temporary.replace(self.state / HANDSHAKE)

    # -- processes --------------------------------------------------------------------------------------------------

    def _start_dns(self, topology: Topology) -> tuple[int, int]:
        records: list[Mapping[str, Any]] = []
        for host_name, address in [(s.host_name, s.address) for _, s in topology.servers] + [
            (f.host_name, f.address) for f in topology.foreign
        ]:
            records += dns.host_records(host_name, address)
        zones = {domain.internet_domain for domain in topology.domains} | {f.domain for f in topology.foreign}
        reverse = {"127.in-addr.arpa"}
        answer, output = self.state / "dns-handshake.json", self.state / "dns.log"
        config = {
            "address": topology.dns_address,
            "port": 0,
            "handshake": str(answer),
            "zones": sorted({*zones, *reverse, *topology.dns_zones}),
            "records": [*records, *topology.dns_records],
            "faults": list(topology.dns_faults),
        }
        path = self.state / "dns.json"
        path.write_text(json.dumps(config, indent=1), encoding="utf-8")
        pid = _spawn([sys.executable, "-m", "dominolab.dns", str(path)], output, self.state)
        self._wait_until_ready(pid, output, answer.exists)
        return pid, int(json.loads(answer.read_text(encoding="utf-8"))["port"])

    def _start_foreign(self, foreign: Foreign, smtp_port: int) -> tuple[int, Path]:
        root = self.state / "foreign" / foreign.domain
        root.mkdir(parents=True)
        config = {
            "domain": foreign.domain,
            "host_name": foreign.host_name,
            "address": foreign.address,
            "smtp_port": smtp_port,
            "people": list(foreign.people),
            "mailboxes": str(root),
        }
        path = self.state / "foreign" / f"{foreign.domain}.json"
        path.write_text(json.dumps(config, indent=1), encoding="utf-8")
        output = self._foreign_output(foreign.domain)
        return _spawn([sys.executable, "-m", "dominolab.foreign", str(path)], output, root), root

    def _spawn_server(self, host: str) -> int:
        root = self.state / host
        program = root / "opt" / "hcl" / "domino" / "bin" / "server"
        return _spawn([str(program)], self._server_output(host), root / "local" / "notesdata")

    def _server_output(self, host: str) -> Path:
        return self.state / host / "server.log"

    def _foreign_output(self, domain: str) -> Path:
        return self.state / "foreign" / f"{domain}.log"

    def _is_ours(self, pid: int) -> bool:
        """Tell whether the process runs and belongs to this lab: pids are used again after a while.

        Each of ours works below the state directory. Its command line would not do: the kernel shows an empty one for
        a moment whenever a process starts another program in its place, as the scripts here do.
        """
        try:
            directory = Path(f"/proc/{pid}/cwd").readlink()
        except OSError:  # it has ended, a zombie included
            return False
        return directory.is_relative_to(self.state)

    def _wait_until_all_ready(self, waiting: list[tuple[int, Path, Callable[[], bool]]]) -> None:
        """Wait for processes, and take them off the list."""
        while waiting:
            self._wait_until_ready(*waiting.pop(0))

    def _wait_until_ready(self, pid: int, output: Path, ready: Callable[[], bool]) -> None:
        ends = time.monotonic() + _READY_SECONDS
        while not ready():
            if not self._is_ours(pid):
                raise LabError(f"A process of the lab ended at its start ({output}):\n{_tail(output)}")
            if time.monotonic() > ends:
                late = f"A process of the lab is not ready after {_READY_SECONDS:.0f} s"
                raise LabError(f"{late} ({output}):\n{_tail(output)}")
            time.sleep(0.02)

    def _stop(self, *pids: int) -> None:
        running = [pid for pid in pids if self._is_ours(pid)]
        for pid in running:
            _signal(pid, signal.SIGTERM)
        ends = time.monotonic() + _STOP_SECONDS
        for pid in running:
            while self._is_ours(pid) and time.monotonic() < ends:
                time.sleep(0.02)
            if self._is_ours(pid):
                _signal(pid, signal.SIGKILL)


def free_port(addresses: Iterable[str]) -> int:
    """Return a port that is free on all addresses now; the kernel proposes."""
    first, *others = addresses
    while True:
        with contextlib.ExitStack() as held:
            try:
                port = _bind(held, first, 0)
                for address in others:
                    _bind(held, address, port)
            except OSError as exc:
                if exc.errno != errno.EADDRINUSE:
                    raise
                continue
            return port


def free_ports(address: str, count: int, taken: set[int]) -> tuple[int, ...]:
    """Return different free ports of one address, none of them in `taken`."""
    found: list[int] = []
    while len(found) < count:
        port = free_port([address])
        if port not in taken and port not in found:
            found.append(port)
    return tuple(found)


def _bind(held: contextlib.ExitStack, address: str, port: int) -> int:
    listener = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    listener.bind((address, port))  # without SO_REUSEADDR: a port that somebody used a moment ago is not free
    return int(listener.getsockname()[1])


def _spawn(command: list[str], output: Path, directory: Path) -> int:
    """Start a process that is nobody's child, so that it outlives its starter and leaves no zombie; return its pid."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_SOURCES), os.environ.get("PYTHONPATH", "")])}
    started = subprocess.run(
        ["/bin/sh", "-c", '"$@" </dev/null >>"$0" 2>&1 & echo $!', str(output), *command],
        stdout=subprocess.PIPE,
        cwd=directory,
        env=environment,
        start_new_session=True,
        check=True,
    )
    return int(started.stdout)


def _says_ready(output: Path) -> bool:
    return "ready" in output.read_text(encoding="utf-8")


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_TAIL:])


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _write_script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}", encoding="utf-8")
    path.chmod(0o755)
