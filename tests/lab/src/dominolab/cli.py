# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: the lab's life, its consoles and documents here; mail in `mail.py`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dominolab import faults, mail, topology
from dominolab.lab import Lab, LabError


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; errors go to standard error and give exit code 1."""
    options = _parser().parse_args(arguments)
    run: Callable[[Lab, argparse.Namespace], int | None] = options.run
    try:
        return run(Lab(options.state), options) or 0
    except (LabError, topology.TopologyError, OSError) as exc:
        print(f"dominolab: {exc}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dominolab", description="A Domino domain in a box.")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Callable[[Lab, argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("--state", type=Path, required=True, help="the lab's state directory")
        sub.set_defaults(run=run)
        return sub

    up = command("up", _up, "start a fresh lab; return when it is ready")
    up.add_argument("--topology", type=Path, required=True, help="YAML file that describes the lab")
    up.add_argument("--recording", type=Path, help="recording of a real server, whose words the lab's servers use")
    lay_out = command("lay-out", _lay_out, "write what servers on hosts of their own need; start nothing")
    lay_out.add_argument("--topology", type=Path, required=True, help="YAML file that describes the lab")
    lay_out.add_argument("--network", required=True, help="the hosts' IPv4 network, such as 192.0.2.0/24")
    lay_out.add_argument("--python", default="/usr/bin/python3", help="Python on the hosts (default: %(default)s)")
    lay_out.add_argument(
        "--sources", type=Path, default=Path("/opt/dominolab"), help="this package there (default: %(default)s)"
    )
    command("down", _down, "stop everything")
    command("status", _status, "show what runs").add_argument("--json", action="store_true")
    for name, run, text in (("start", _start, "start one server"), ("stop", _stop, "stop one server")):
        command(name, run, text).add_argument("--server", required=True, metavar="HOST")
    console = command("console", _console, "carry out a server command and show the answer")
    console.add_argument("--server", required=True, metavar="HOST")
    console.add_argument("line", metavar="COMMAND")
    fault = command("fault", _fault, "switch a fault of a server's REST API on, or off with --times 0")
    fault.add_argument("--server", required=True, metavar="HOST")
    fault.add_argument("name", choices=list(faults.KINDS))
    fault.add_argument("--times", type=int, help="how many requests it hits; all without")
    fault.add_argument("--seconds", type=float, help="for slow")
    fault.add_argument("--status", type=int, help="for error")
    documents = command("documents", _documents, "show the documents of a server's replica")
    documents.add_argument("--server", required=True, metavar="HOST")
    documents.add_argument("--form")
    documents.add_argument("--json", action="store_true")
    mail.add_subcommands(commands)
    return parser


def _up(lab: Lab, options: argparse.Namespace) -> None:
    _print_servers(lab.up(topology.load(options.topology, recorded=options.recording)))


def _lay_out(lab: Lab, options: argparse.Namespace) -> None:
    _print_servers(lab.lay_out(topology.load(options.topology, options.network), options.python, options.sources))


def _print_servers(handshake: Mapping[str, Any]) -> None:
    for host, server in handshake["servers"].items():
        where = f"{server['host_name']}, {server['address']}"
        print(f"{host}: {server['server_name']} ({where}), REST {server['rest_url']}")


def _down(lab: Lab, _options: argparse.Namespace) -> None:
    lab.down()


def _status(lab: Lab, options: argparse.Namespace) -> None:
    status = lab.status()
    if options.json:
        print(json.dumps(status, indent=1))
        return
    for host, server in status["servers"].items():
        print(f"{host}: {'running, ' + ', '.join(server['tasks']) if server['running'] else 'stopped'}")


def _start(lab: Lab, options: argparse.Namespace) -> None:
    lab.start(options.server)


def _stop(lab: Lab, options: argparse.Namespace) -> None:
    lab.stop(options.server)


def _console(lab: Lab, options: argparse.Namespace) -> None:
    for line in lab.ask(options.server, {"command": options.line})["lines"]:
        print(line)


def _fault(lab: Lab, options: argparse.Namespace) -> None:
    given = {key: getattr(options, key) for key in ("times", "seconds", "status")}
    fault = {"name": options.name, **{key: value for key, value in given.items() if value is not None}}
    print("on:", ", ".join(lab.ask(options.server, {"fault": fault})["faults"]) or "none")


def _documents(lab: Lab, options: argparse.Namespace) -> None:
    documents = lab.documents(options.server, options.form)
    if options.json:
        print(json.dumps(documents, indent=1))
        return
    for document in documents:
        print(f"{document['form']} {document['unid']} {document['revision']}")
        for name, value in document["items"].items():
            print(f"  {name}: {value}")
