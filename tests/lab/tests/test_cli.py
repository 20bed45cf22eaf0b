# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole lab, as a user starts it: processes, console, replication, the host's resolver, stopping by pid."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dominolab import cli
from dominolab.console import UNSETTABLE
from dominolab.entries import EntryError
from dominolab.lab import Lab, LabError, free_port
from dominolab.mail import mailbox
from dominolab.server import DominoServer
from dominolab.topology import TopologyError, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOPOLOGY = """
unsettable_variables: [ServerTasks]
notes_domains:
  - name: ACME
    organization: Acme
    internet_domain: example.com
    administration_server: Mail01/Acme
    servers:
      - {name: Mail01/Acme, host_name: mail01.example.com}
      - {name: Mail02/Acme, host_name: mail02.example.com, replication_seconds: 0.2}
    people:
      - {name: Jane Doe/Acme, short_name: jdoe, mail_server: Mail01/Acme}
    documents:
      - {Form: Group, ListName: Mail Hosts, Members: [CN=Mail02/O=Acme]}
foreign:
  - {domain: example.org, host_name: mx.example.org, people: [pat]}
dns:
  records:
    - {name: example.com, type: MX, values: ["10 mail01.example.com."]}
    - {name: long.example.com, type: A, values: [127.0.0.77]}
  faults:
    - {name: long.example.com, type: "*", fault: truncate}
    - {name: broken.example.com, type: "*", fault: servfail}
"""
#: A start script that is replaced by itself 2,000 times before it goes on.
AGAIN_AND_AGAIN = 'AGAIN=$((${AGAIN-0} + 1)); export AGAIN; [ "$AGAIN" -gt 2000 ] || exec "$0" "$@"\n'
LINE = re.compile(r"^\[\d{6}:\d{6}-[0-9A-F]{16}\] (\d\d/\d\d/\d{4} \d\d:\d\d:\d\d [AP]M  )?\S?")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    state = tmp_path_factory.mktemp("lab") / "state"
    topology = state.parent / "topology.yml"
    topology.write_text(TOPOLOGY, encoding="utf-8")
    assert cli.main(["up", "--topology", str(topology), "--state", str(state)]) == 0
    yield Lab(state)
    assert cli.main(["down", "--state", str(state)]) == 0


def _server(lab: Lab, host: str = "mail01") -> dict[str, Any]:
    server: dict[str, Any] = lab.handshake()["servers"][host]
    return server


def _console(lab: Lab, command: str, host: str = "mail01") -> list[str]:
    """Send a command and return the answer without the process and the date."""
    lines = lab.ask(host, {"command": command})["lines"]
    assert all(LINE.match(line) for line in lines), lines
    return [re.sub(r"^\[[^]]*\] (\d\S+ \S+ [AP]M )?", "", line).strip() for line in lines]


def _log(lab: Lab, host: str = "mail01") -> str:
    path = Path(_server(lab, host)["data_directory"]) / "IBM_TECHNICAL_SUPPORT" / "console.log"
    return path.read_text(encoding="utf-8")


def test_the_handshake_says_where_everything_is(lab: Lab) -> None:
    handshake = lab.handshake()
    assert set(handshake) == {"smtp_port", "dns", "servers", "foreign"}
    first, second = handshake["servers"]["mail01"], handshake["servers"]["mail02"]
    assert (first["server_name"], first["notes_domain"], first["address"]) == ("Mail01/Acme", "ACME", "127.0.0.11")
    assert (first["administration_server"], second["administration_server"]) == (True, False)
    assert first["rest_password"] != second["rest_password"]
    assert (lab.state / "handshake.json").stat().st_mode & 0o077 == 0
    assert handshake["foreign"]["example.org"]["host_name"] == "mx.example.org"


def test_a_fresh_server_is_not_configured_for_mail(lab: Lab) -> None:
    (document,) = [d for d in lab.documents("mail02", "Server") if "Mail01" in d["items"]["ServerName"]]
    port = lab.handshake()["smtp_port"]
    assert document["items"] == {
        "Form": "Server",
        "Type": "Server",
        "ServerName": "CN=Mail01/O=Acme",
        "Domain": "ACME",
        "SMTPFullHostDomain": "",
        "SMTPListenerEnabled": "0",
        "SMTP_Port": port,
        "SMTP_PortStatus": "1",
        "Router_Port": port,
        "Router_PortStatus": "1",
    }
    (person,) = lab.documents("mail01", "Person")
    assert "InternetAddress" not in person["items"]
    assert (Path(_server(lab)["data_directory"]) / "mail" / "jdoe.nsf").exists()
    with pytest.raises(ConnectionRefusedError), socket.create_connection((_server(lab)["address"], port), 1):
        pass


def test_the_running_server_can_be_seen(lab: Lab) -> None:
    server = _server(lab)
    data = Path(server["data_directory"])
    assert (data / "pid.nbf").read_text(encoding="ascii") == f"1 {server['pid']} 0 server\n"
    process = Path("/proc") / str(server["pid"])
    command = (process / "cmdline").read_bytes().split(b"\0")
    assert Path(os.fsdecode(command[0])).name == "server"
    assert not {b"-c", b"-jc"} & set(command)
    assert (process / "cwd").readlink() == data


def test_the_program_sends_a_command_and_prints_nothing(lab: Lab) -> None:
    server = _server(lab)
    program = str(Path(server["program_directory"]) / "bin" / "server")
    before = len(_log(lab))
    done = subprocess.run(
        [program, "-c", "show tasks"], cwd=server["data_directory"], capture_output=True, check=False, timeout=20
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert "Router" in _log(lab)[before:]
    elsewhere = subprocess.run(
        [program, "-c", "show tasks"], cwd=lab.state, capture_output=True, check=False, timeout=20
    )
    assert (elsewhere.returncode, elsewhere.stdout, elsewhere.stderr) == (1, b"", b"")


def test_what_a_start_says(lab: Lab) -> None:
    assert "  REST API: Started\n" in _log(lab)
    assert "  Server started on physical node mail01.example.com\n" in _log(lab)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("sh ta", "Command or option is not recognized"),
        ("nonsense", "Command or option is not recognized"),
        ("show tasks please", "Command or option is not recognized"),
        ("load", "Insufficient arguments.  Enter 'HELP' for the correct syntax."),
        ("tell router", "Insufficient arguments.  Enter 'HELP' for the correct syntax."),
        ("set config", "Insufficient arguments.  Enter 'HELP' for the correct syntax."),
        ("set config Foo", "Insufficient arguments.  Enter 'HELP' for the correct syntax."),
        ("set config Müller=1", "Invalid value for command option"),
        ("set config A B=1", "Invalid value for command option"),
        ("pull", "Insufficient arguments.  Enter 'HELP' for the correct syntax."),
        ("Pull Mail02/Acme other.nsf", "Invalid value for command option"),
        ("Pull Nobody/Acme", "Unable to find path to server"),
        ("load router", "Task is already running"),
        ("Load Blah", "Server Task executable file was not found.  Check that it exists in your program directory."),
        ("tell smtp quit", 'The smtp task either does not exist or does not accept "Tell" commands.'),
        ("tell update nonsense", "Command or option is not recognized"),
        ("restart task blah", "No such task in server"),
        ("SET  CONFIG servertasks=Router", UNSETTABLE),
        ("show config " + "x" * 2000, "The command line is too long"),
    ],
)  # fmt: skip
def test_refusals_are_the_products_words(lab: Lab, command: str, answer: str) -> None:
    assert _console(lab, command) == [answer]


def test_tasks_start_stop_and_restart(lab: Lab) -> None:
    assert _console(lab, "Tell Router Quit") is not None
    assert _console(lab, "tell router show queues") == ["Router task not running"]
    assert "Router" not in " ".join(_console(lab, "Show Tasks"))
    _console(lab, "Load Router")
    assert "Router" in " ".join(_console(lab, "SHOW TASKS"))
    _console(lab, "Restart Task Router")
    assert "Router" in " ".join(_console(lab, "show tasks"))


def test_variables_are_set_in_memory_and_file(lab: Lab) -> None:
    path = Path(_server(lab)["data_directory"]) / "notes.ini"
    assert _console(lab, "Set Configuration LabOne = a=b") == []
    assert _console(lab, 'set config "LabTwo=2"') == []
    assert _console(lab, "show config LABONE") == ["LabOne=a=b"]
    assert _console(lab, "Show Configuration lab???") == ["LabOne=a=b", "LabTwo=2"]
    assert path.read_text(encoding="ascii").endswith("LabOne=a=b\nLabTwo=2\n")


def test_a_change_reaches_the_other_replica_by_pull(lab: Lab) -> None:
    _document(lab, "mail01", {"Form": "Person", "LastName": "Pulled"})
    assert "Pulled" not in str(lab.documents("mail02", "Person"))
    assert _console(lab, 'Pull "Mail01/Acme"', "mail02") == []
    _until(lambda: "Pulled" in str(lab.documents("mail02", "Person")))
    _document(lab, "mail01", {"Form": "Person", "LastName": "Pushed"})
    answer = _console(lab, "replicate CN=Mail02/O=Acme names.nsf")
    assert answer == ["Finished replication with server Mail02/Acme"]
    assert "Pushed" in str(lab.documents("mail02", "Person"))


def test_a_command_may_end_before_the_replication(lab: Lab) -> None:
    _document(lab, "mail02", {"Form": "Person", "LastName": "Late"})
    assert _console(lab, "PUSH Mail01/Acme", "mail02") == []
    assert "Late" not in str(lab.documents("mail01", "Person"))
    _until(lambda: "Late" in str(lab.documents("mail01", "Person")))
    assert _log(lab, "mail02").rstrip().endswith("  Finished replication with server Mail01/Acme")


def test_a_restart_reads_global_domains_and_starts_the_enabled_listener(lab: Lab) -> None:
    pid = _server(lab, "mail02")["pid"]
    (mine,) = [d for d in lab.documents("mail02", "Server") if "Mail02" in d["items"]["ServerName"]]
    _rest(lab, "mail02", "PATCH", f"document/{mine['unid']}", {"SMTPListenerEnabled": "1"}, revision=mine["revision"])
    assert "SMTP" not in " ".join(_console(lab, "show tasks", "mail02"))
    assert "SMTP Server: Started" in _console(lab, "Restart Server", "mail02")
    assert (_server(lab, "mail02")["pid"], Path(f"/proc/{pid}").exists()) == (pid, True)


def test_a_stopped_server_leaves_nothing_and_its_peers_say_so(lab: Lab, capfd: pytest.CaptureFixture[str]) -> None:
    data = Path(_server(lab, "mail02")["data_directory"])
    state = str(lab.state)
    assert cli.main(["stop", "--server", "mail02", "--state", state]) == 0
    assert not (data / "pid.nbf").exists()
    assert not (data / ".dominolab-console").exists()
    assert _console(lab, "pull Mail02/Acme") == ["Server not responding"]
    assert cli.main(["console", "--server", "mail02", "show tasks", "--state", state]) == 1
    assert "mail02 does not run" in capfd.readouterr().err
    ini = data / "notes.ini"
    sound = ini.read_bytes()
    ini.write_bytes(sound.replace(b"[Notes]", b"[notes}"))
    assert cli.main(["start", "--server", "mail02", "--state", state]) == 1
    assert "NOTES.INI may be damaged or read-only." in capfd.readouterr().err
    ini.write_bytes(sound)
    assert cli.main(["start", "--server", "mail02", "--state", state]) == 0
    assert cli.main(["start", "--server", "mail02", "--state", state]) == 1
    assert "already runs" in capfd.readouterr().err
    assert cli.main(["status", "--json", "--state", state]) == 0
    assert json.loads(capfd.readouterr().out)["servers"]["mail02"]["running"]


def test_quit_stops_the_server(lab: Lab) -> None:
    pid = _server(lab, "mail02")["pid"]
    _console(lab, "QUIT", "mail02")
    _until(lambda: not lab.status()["servers"]["mail02"]["running"])
    lab.start("mail02")
    assert _server(lab, "mail02")["pid"] != pid


def test_what_the_host_resolves_is_the_labs_dns(lab: Lab) -> None:
    script = """
import json, socket
def ask(call, *arguments):
    try:
        return call(*arguments)
    except OSError as exc:
        return [type(exc).__name__, exc.args[0]]
print(json.dumps([
    ask(lambda: socket.getaddrinfo("mx.example.org", 25, type=socket.SOCK_STREAM)[0][4]),
    ask(socket.gethostbyname, "mail02.example.com"),
    ask(socket.gethostbyaddr, "127.0.0.11"),
    ask(socket.gethostbyname, "nobody.example.com"),
    ask(socket.gethostbyname, "example.com"),
    ask(socket.gethostbyaddr, "127.0.0.99"),
    ask(socket.gethostbyname, "long.example.com"),
    ask(socket.gethostbyname, "broken.example.com"),
    ask(socket.gethostbyname, "localhost"),
    ask(socket.gethostbyname, "127.0.0.5"),
]))
"""
    answer = subprocess.run([_server(lab)["python"], "-c", script], capture_output=True, check=True, timeout=30)
    assert json.loads(answer.stdout) == [
        ["127.0.0.25", 25],
        "127.0.0.12",
        ["mail01.example.com", [], ["127.0.0.11"]],
        ["gaierror", socket.EAI_NONAME],
        ["gaierror", socket.EAI_NODATA],
        ["herror", 1],
        "127.0.0.77",
        ["gaierror", socket.EAI_AGAIN],
        "127.0.0.1",
        "127.0.0.5",
    ]


def test_a_fault_is_switched_on_and_off(lab: Lab, capfd: pytest.CaptureFixture[str]) -> None:
    command = ["fault", "--server", "mail01", "--state", str(lab.state)]
    assert cli.main([*command, "error", "--status", "503", "--times", "1"]) == 0
    assert capfd.readouterr().out == "on: error\n"
    assert cli.main([*command, "error", "--times", "0"]) == 0
    assert capfd.readouterr().out == "on: none\n"


def test_a_lab_that_is_up_is_not_started_again(lab: Lab, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    topology = tmp_path / "topology.yml"
    topology.write_text(TOPOLOGY, encoding="utf-8")
    assert cli.main(["up", "--topology", str(topology), "--state", str(lab.state)]) == 1
    assert "A lab is up" in capfd.readouterr().err


def test_a_directory_that_no_lab_made_is_left_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    topology = tmp_path / "topology.yml"
    topology.write_text(TOPOLOGY, encoding="utf-8")
    assert cli.main(["up", "--topology", str(topology), "--state", str(tmp_path)]) == 1
    assert "no lab made it" in capfd.readouterr().err
    assert topology.exists()
    assert cli.main(["down", "--state", str(tmp_path)]) == 1
    assert "No lab is up" in capfd.readouterr().err


def test_a_process_that_ends_at_start_is_reported_and_nothing_stays(tmp_path: Path) -> None:
    topology = tmp_path / "topology.yml"
    topology.write_text(TOPOLOGY.replace("[ServerTasks]", "[]") + "notes_ini: {KitType: 0}\n", encoding="utf-8")
    lab = Lab(tmp_path / "state")
    with pytest.raises(LabError, match=r"(?s)ended at its start.*NOTES\.INI may be damaged"):
        lab.up(load(topology))
    commands = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # one that ended while we looked
            commands.append((process / "cmdline").read_bytes())
    assert not any(os.fsencode(f"{lab.state}/") in command for command in commands)


def test_a_process_that_starts_another_program_in_its_place_is_not_taken_for_ended(tmp_path: Path) -> None:
    """Seen in practice: the start script of a server was looked at while it became Python, and the lab gave up."""
    topology = tmp_path / "topology.yml"
    topology.write_text(TOPOLOGY, encoding="utf-8")
    lab = Lab(tmp_path / "state")
    lab.up(load(topology))
    try:
        lab.stop("mail02")
        program = Path(_server(lab, "mail02")["program_directory"]) / "bin" / "server"
        script = program.read_text(encoding="utf-8").replace("#!/bin/sh\n", f"#!/bin/sh\n{AGAIN_AND_AGAIN}")
        program.write_text(script, encoding="utf-8")
        lab.start("mail02")
        assert lab.status()["servers"]["mail02"]["running"]
    finally:
        lab.down()


@pytest.mark.parametrize(
    ("topology", "message"),
    [
        ("{notes_domains: [", "is not YAML"),
        ("{}", "the file: missing keys: notes_domains"),
        (TOPOLOGY + "servers: []\n", "unknown keys: servers"),
        (TOPOLOGY + "rest: {scopes: x}\n", "server Mail01/Acme: .*scopes"),
        (TOPOLOGY + "faults: [{name: sloth}]\n", "sloth is not a fault"),
        (TOPOLOGY + "recording: topology.yml\n", "is not JSON"),
        (TOPOLOGY + "design: {Server: [x]}\n", "server Mail01/Acme: "),
        (TOPOLOGY.replace("replication_seconds", "relase"), "unknown keys: relase"),
        (TOPOLOGY.replace("Mail02/Acme", "Mail01/Acme"), "given twice: mail01"),
        (
            TOPOLOGY.replace("administration_server: Mail01", "administration_server: Mail03"),
            "Mail03/Acme is not a server",
        ),
    ],
    ids=[
        *(
            "no YAML",
            "empty",
            "unknown key",
            "unknown REST key",
            "unknown fault",
            "no recording",
            "no design",
            "unknown server key",
        ),
        *("host twice", "unknown server"),
    ],
)
def test_a_wrong_topology_is_refused(tmp_path: Path, topology: str, message: str) -> None:
    path = tmp_path / "topology.yml"
    path.write_text(topology, encoding="utf-8")
    with pytest.raises(TopologyError, match=message):
        load(path)


@pytest.mark.parametrize(
    ("topology", "message"),
    [
        (TOPOLOGY + 'replication_seconds: "0.2"\n', "replication_seconds is '0.2' and must be a number or null"),
        (
            TOPOLOGY + "notes_ini: {SMTPDebug: true}\n",
            "SMTPDebug is True and must be text or a whole number",
        ),
        (TOPOLOGY.replace("people: [pat]", "people: pat"), "foreign, entry 1: people is 'pat' and must be a list"),
        (TOPOLOGY.replace("foreign:", "crowd: 3\nforeign:"), "unknown keys: crowd"),
        (TOPOLOGY.replace("fault: servfail", "fault: servfial"), "fault 'servfial' is none of"),
        (TOPOLOGY + "rest: {user_access: Owner}\n", "Owner is none of the access levels"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(tmp_path: Path, topology: str, message: str) -> None:
    path = tmp_path / "topology.yml"
    path.write_text(topology, encoding="utf-8")
    with pytest.raises(TopologyError, match=message):
        load(path)


#: What users name themselves (variables, items, forms, fields), and the fields of the REST API.
FREE_NAMES = ("notes_ini", "server_document", "documents", "add", "forms", "design", "fields", "KeepField")


def _mappings(node: Any, name: str = "the file") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each mapping of a topology whose keys the lab itself defines."""
    if isinstance(node, list):
        for number, entry in enumerate(node, start=1):
            yield from _mappings(entry, name if name in FREE_NAMES else f"{name} {number}")
    if isinstance(node, dict):
        if name not in FREE_NAMES:
            yield name, node
        for key, entry in node.items():
            yield from _mappings(entry, key)


def _everything() -> dict[str, Any]:
    """Return a topology that has each kind of mapping."""
    topology: dict[str, Any] = yaml.safe_load(TOPOLOGY)
    topology["rest"] = {"forms": {"Person": {"remove": ["MailFile"], "fields": {"KeepField": {"type": "string"}}}}}
    topology["design"] = {"Person": {"add": {"Extra": {"type": "text"}}}}
    topology["faults"] = [{"name": "slow"}]
    topology["notes_domains"][0]["servers"][0]["notes_ini"] = {"SMTPDebug": 1}
    return topology


KINDS_OF_MAPPINGS = [name for name, _mapping in _mappings(_everything())]


@pytest.mark.parametrize("number", range(len(KINDS_OF_MAPPINGS)), ids=KINDS_OF_MAPPINGS)
def test_an_unknown_key_is_refused_wherever_it_stands(tmp_path: Path, number: int) -> None:
    """The demo gave `replication_seconds` to a Notes domain, where it was ignored."""
    topology = _everything()
    path = tmp_path / "topology.yml"
    path.write_text(yaml.safe_dump(topology), encoding="utf-8")
    load(path)
    _name, mapping = list(_mappings(topology))[number]
    mapping["relase"] = 1
    path.write_text(yaml.safe_dump(topology), encoding="utf-8")
    with pytest.raises(TopologyError, match="unknown keys: relase"):
        load(path)


def test_an_unknown_key_of_a_server_s_own_file_is_refused() -> None:
    with pytest.raises(EntryError, match=r"lab\.json: unknown keys: relase"):
        DominoServer({"relase": 1})


def test_the_demo_has_a_replica_that_comes_late() -> None:
    topology = load(Path(__file__).parents[2] / "demo" / "topology.yml")
    assert [server.options["replication_seconds"] > 0 for _domain, server in topology.servers] == [True, True]


def test_a_port_is_free_on_all_addresses() -> None:
    port = free_port(["127.0.0.11", "127.0.0.12"])
    for address in ("127.0.0.11", "127.0.0.12"):
        with socket.socket() as listener:
            listener.bind((address, port))


def test_the_module_is_the_command_line() -> None:
    command = [sys.executable, "-m", "dominolab", "--help"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=30)
    assert b"documents" in done.stdout


def _until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.02)


def _document(lab: Lab, host: str, items: dict[str, str]) -> None:
    _rest(lab, host, "POST", "document", items)


def _rest(lab: Lab, host: str, method: str, path: str, body: dict[str, str], **query: str) -> None:
    server = _server(lab, host)

    def call(url: str, verb: str, data: dict[str, str], token: str = "") -> Any:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        request = urllib.request.Request(url, json.dumps(data).encode(), headers, method=verb)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.load(answer)

    base = f"{server['rest_url']}/api/v1"
    login = {"username": server["rest_username"], "password": server["rest_password"]}
    token = call(f"{base}/auth", "POST", login)["bearer"]
    parameters = urllib.parse.urlencode({"dataSource": server["rest_scope"], **query})
    call(f"{base}/{path}?{parameters}", method, body, token)


@pytest.fixture
def laid_out(tmp_path: Path) -> Path:
    topology = tmp_path / "topology.yml"
    topology.write_text(TOPOLOGY, encoding="utf-8")
    state = tmp_path / "state"
    given = ["--topology", str(topology), "--state", str(state), "--network", "192.0.2.0/24"]
    assert cli.main(["lay-out", *given]) == 0
    return state


def test_servers_on_hosts_of_their_own_have_its_address_and_the_usual_ports(laid_out: Path) -> None:
    handshake = Lab(laid_out).handshake()
    assert [s["address"] for s in handshake["servers"].values()] == ["192.0.2.11", "192.0.2.12"]
    assert {f["address"] for f in handshake["foreign"].values()} == {"192.0.2.4"}
    assert (handshake["dns"]["address"], handshake["dns"]["port"], handshake["smtp_port"]) == ("192.0.2.3", 53, 25)
    assert handshake["servers"]["mail01"]["rest_url"] == "http://192.0.2.11:8880"
    lab = json.loads((laid_out / "mail01" / "lab.json").read_text(encoding="utf-8"))
    assert lab["peers"] == {"CN=Mail02/O=Acme": ["192.0.2.12", 1352]}
    assert (lab["data_directory"], lab["program_directory"]) == ("/local/notesdata", "/opt/hcl/domino")


def test_what_a_host_of_its_own_gets_goes_into_its_root_directory(laid_out: Path) -> None:
    found = {str(p.relative_to(laid_out / "mail01")) for p in (laid_out / "mail01").rglob("*") if p.is_file()}
    data = {"local/notesdata/notes.ini", "local/notesdata/names.nsf"}
    assert found == {"lab.json", "opt/hcl/domino/bin/server", *data}
    assert b"Directory=/local/notesdata\n" in (laid_out / "mail01/local/notesdata/notes.ini").read_bytes()
    replicas = [[d["unid"] for d in Lab(laid_out).documents(host, None)] for host in ("mail01", "mail02")]
    assert replicas[0] == replicas[1]


def test_nothing_of_a_lab_on_hosts_of_their_own_runs_here(laid_out: Path) -> None:
    lab = Lab(laid_out)
    assert not any(s["running"] for s in lab.status()["servers"].values())
    with pytest.raises(LabError, match=r"192\.0\.2\.4"):
        mailbox(laid_out, "pat", foreign="example.org")
    lab.down()


@pytest.mark.parametrize(("network", "text"), [("192.0.2.8/29", "too small"), ("192.0.2.1/24", "host bits set")])
def test_a_network_that_does_not_do(network: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "topology.yml"
    path.write_text(TOPOLOGY, encoding="utf-8")
    with pytest.raises(TopologyError, match=text):
        load(path, network)
