# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles publish a host's records on a real BIND, look at them through a real Unbound, and set a host's resolver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Site

    from ansible_collections.opendomino.mail.tests.integration.dns._servers import Bind, Unbound


def variables(site: Site, bind: Bind, unbound: Unbound) -> dict[str, Any]:
    """Return what makes the role receive_mail publish on BIND and look with Unbound, as guide_dns has it."""
    algorithm, secret = bind.keys["update-512"]
    addresses = {host: [site.server(host)["address"]] for host in site.hosts}
    return {
        "domino_addresses": f"{{{{ {addresses}[inventory_hostname] }}}}",
        "receive_mail_domains": ["roles.test"],
        "receive_mail_dns_update": True,
        "receive_mail_dns_update_reverse": False,
        "domino_lookup_nameservers": ["127.0.0.1"],
        "send_mail_probe_domains": [],  # the resolver knows the zones of the tests only
        "domino_lookup_port": unbound.port,
        "domino_dns_update_server": "127.0.0.1",
        "domino_dns_update_port": bind.port,
        "domino_dns_update_key_name": "update-512",
        "domino_dns_update_key_secret": secret,
        "domino_dns_update_key_algorithm": algorithm,
    }


def test_each_host_publishes_its_own_records(site: Site, bind: Bind, unbound: Unbound) -> None:
    extra = variables(site, bind, unbound)
    before = bind.serial("roles.test")
    check = site.run("opendomino.mail.receive_mail", "--check", "--diff", **extra)
    assert check.returncode == 0, check.output
    assert bind.serial("roles.test") == before
    run = site.run("opendomino.mail.receive_mail", "--diff", "-vvv", **extra)
    assert run.returncode == 0, run.output
    assert extra["domino_dns_update_key_secret"] not in run.output
    assert bind.records("roles.test", "MX") == ["10 mail01.example.com.", "10 mail02.example.com."]
    assert "127.0.0.12" in bind.records("mail02.example.com", "A")
    # Now that nothing is to be published, the role looks through the resolver, and finds what the outside world does.
    again = site.run("opendomino.mail.receive_mail", "--limit", "mail02.example.com", **extra)
    assert again.returncode == 0, again.output
    assert again.changed_tasks() == {"mail02.example.com": 0}
    looked = [r for r in again.results if r.task.endswith("Look up the mail exchangers of the domains")]
    assert [r.status for r in looked] == ["ok"]


def test_records_that_are_missing_can_be_pasted(untouched: Site, bind: Bind, unbound: Unbound) -> None:
    extra = {
        **variables(untouched, bind, unbound),
        "receive_mail_dns_update": False,
        "receive_mail_domains": ["readonly.test"],
    }
    before = untouched.contents()
    run = untouched.run("opendomino.mail.receive_mail", "--limit", "mail01.example.com", **extra)
    (failure,) = run.failures()
    for text in ("Nothing was changed on this host by receive_mail.", "receive_mail_dns_update"):
        assert text in failure.msg
    for line in ("readonly.test. 3600 IN MX 10 mail01.example.com.", "mail01.example.com. 3600 IN A 127.0.0.11"):
        assert line in failure.msg.splitlines()
    assert untouched.contents() == before
    assert bind.records("readonly.test", "MX") == []


def test_publishing_wants_a_server(untouched: Site, bind: Bind, unbound: Unbound) -> None:
    extra = {**variables(untouched, bind, unbound), "domino_dns_update_server": ""}
    run = untouched.run("opendomino.mail.receive_mail", "--limit", "mail01.example.com", **extra)
    (failure,) = run.failures()
    assert "the primary of the zones" in failure.msg


def test_the_dns_servers_of_a_host_are_set_before_they_are_tried(site: Site, tmp_path: Path) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text("nameserver 192.0.2.1\n", encoding="ascii")
    play = {
        "name": "Mail is sent",
        "hosts": "mail01.example.com",
        "gather_facts": False,
        "module_defaults": {"opendomino.mail.host_resolver": {"resolv_conf": str(conf)}},
        "roles": ["opendomino.mail.send_mail"],
    }
    playbook = tmp_path / "play.yml"
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    extra = {"send_mail_nameservers": ["192.0.2.53"], "send_mail_nameservers_method": "file"}
    task = "Set the DNS servers of this host"

    check = site.run(str(playbook), "--check", "--diff", **extra)
    assert check.returncode == 0, check.output
    assert conf.read_text("ascii") == "nameserver 192.0.2.1\n"
    before = site.contents()
    bad = site.run(str(playbook), **extra, send_mail_nameservers_verify=["nosuch.invalid"])
    assert ["nosuch.invalid" in failure.msg for failure in bad.failures()] == [True], bad.output
    assert conf.read_text("ascii") == "nameserver 192.0.2.1\n"
    assert site.contents() == before
    # The lab's hosts resolve with the lab's DNS, whatever the file says; mx.example.org is known there only.
    run = site.run(str(playbook), "--diff", **extra)
    assert run.returncode == 0, run.output
    assert conf.read_text("ascii") == "nameserver 192.0.2.53\n"
    assert {c for c in run.changes() if task in c[1]} == {c for c in check.changes() if task in c[1]} != set()
    assert site.run(str(playbook), **extra).changed_tasks() == {"mail01.example.com": 0}
