# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module one_touch_setup on real files, beside a program that answers as validjson does."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._one_touch_file import JsonFile, masked, secrets_of
from ansible_collections.opendomino.mail.plugins.module_utils._validjson import ValidjsonError, validate
from ansible_collections.opendomino.mail.plugins.module_utils._whole_file import FileError, WholeFile
from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import run_module

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTES = 65534
CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))

_VALIDJSON = r"""#!/bin/sh
{ id -u; pwd; echo "$LD_LIBRARY_PATH"; printf '%s\n' "$@"; } > asked
cat "$1" > content
cat dominoOneTouchSetup.schema.json > schema
sed "s|{file}|$1|" "${0%/*}/answer"
"""


@dataclass
class Host:
    """A host before the first start of its server: data directory, program directory, the file."""

    root: Path

    def __post_init__(self) -> None:
        self.root.chmod(0o755)  # for the Notes user
        self.data = self.root / "notesdata"
        self.programs = self.root / "domino"
        self.file = self.root / "setup.json"
        self.schema = self.programs / "notes" / "latest" / "linux" / "dominoOneTouchSetup.schema.json"
        self.program = self.programs / "bin" / "validjson"
        for directory in (self.data, self.program.parent, self.schema.parent):
            directory.mkdir(parents=True)
        if os.geteuid() == 0:
            os.chown(self.data, NOTES, NOTES)

    def answer(self, answer: str) -> None:
        """Let there be a validjson which answers so, and a schema."""
        self.program.write_text(_VALIDJSON, "ascii")
        self.program.chmod(0o755)
        self.program.with_name("answer").write_text(f"{answer}\n", "ascii")
        self.schema.write_text("the schema", "ascii")

    def run(self, options: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
        """Run the module; @data stands for the data directory."""
        given = {"path": str(self.file), "program_directory": str(self.programs), **options}
        if "data_directory" in given:
            given["data_directory"] = given["data_directory"].replace("@data", str(self.data))
        return run_module("one_touch_setup", given, check=check, diff=True)


@pytest.fixture
def host() -> Iterator[Host]:
    """Return a host in a directory that other users can enter."""
    root = Path(tempfile.mkdtemp())
    yield Host(root)
    shutil.rmtree(root)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(host: Host, case: dict[str, Any]) -> None:
    before = case["file"].encode() if "file" in case else None
    after = case["file_after"].encode() if "file_after" in case else before
    if before is not None:
        host.file.write_bytes(before)
    if "notes_ini" in case:
        (host.data / "notes.ini").write_text(case["notes_ini"], "ascii", newline="")
    if "validjson" in case:
        host.answer(case["validjson"])
    result = host.run(case["input"], check=case.get("check", False))
    assert (host.file.read_bytes() if host.file.exists() else None) == after
    assert {name: result.get(name) for name in case["output"]} == case["output"], result
    assert result["failed"] == case["output"].get("failed", False), result
    assert [part for part in case.get("error", ()) if part not in result["msg"]] == []
    assert [secret for secret in case.get("hidden", ()) if secret in json.dumps(result)] == []
    warnings = zip(case.get("warnings", []), result["warnings"], strict=True)
    assert [pattern for pattern, warning in warnings if not re.search(pattern, warning)] == []
    if "diff" in case:
        text = case["diff"]["after"].replace("@file", case.get("file_after", ""))
        assert (result["diff"]["before"], result["diff"]["after"]) == (case["diff"]["before"], text)
    if not result["failed"] and not case.get("check"):
        again = host.run(case["input"])
        assert not again["changed"]
        assert again["diff"]["before"] == again["diff"]["after"]
        assert (host.file.read_bytes() if host.file.exists() else None) == after
        assert [path.name for path in host.root.iterdir() if "setup.json." in path.name] == []


OPTIONS = {"notes_ini": {"A": "1"}}


def test_a_new_file_is_for_its_owner_alone_and_an_existing_one_keeps_its_mode_and_link(host: Host) -> None:
    assert host.run(OPTIONS)["changed"]
    assert stat.S_IMODE(host.file.stat().st_mode) == 0o600
    real = host.root / "elsewhere.json"
    host.file.rename(real)
    real.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(real, 65534, 65533)
    owner = real.stat()
    host.file.symlink_to(real)
    result = host.run({"notes_ini": {"A": "2"}, "backup": True})
    assert result["path"] == str(real)
    assert host.file.is_symlink()
    after = real.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (owner.st_mode, owner.st_uid, owner.st_gid)
    assert json.loads(Path(result["backup_file"]).read_bytes()) == {"serverSetup": {"notesINI": {"A": "1"}}}


def test_the_mode_alone_is_a_change(host: Host) -> None:
    assert host.run({**OPTIONS, "mode": "0640"})["changed"]
    assert stat.S_IMODE(host.file.stat().st_mode) == 0o640
    assert not host.run({**OPTIONS, "mode": "0640"})["changed"]
    assert host.run({**OPTIONS, "mode": "0600"}, check=True)["changed"]
    assert host.run({**OPTIONS, "mode": "0600"})["changed"]
    assert stat.S_IMODE(host.file.stat().st_mode) == 0o600


def test_validjson_runs_as_the_notes_user_in_the_data_directory_with_the_schema(host: Host) -> None:
    host.answer("Success - {file} is valid with repsect to schema dominoOneTouchSetup.schema.json")
    result = host.run({**OPTIONS, "data_directory": "@data", "validate": "yes"})
    assert result["validated"], result
    uid, cwd, libraries, file, option = (host.data / "asked").read_text("utf-8").splitlines()
    assert (int(uid), cwd) == (host.data.stat().st_uid, str(host.data))
    assert libraries == str(host.schema.parent)
    assert (Path(file).name, option) == ("setup.json", "-default")
    assert not Path(file).exists(), "the copy is gone"
    assert (host.data / "content").read_bytes() == host.file.read_bytes()
    assert (host.data / "schema").read_text("ascii") == "the schema"
    assert sorted(path.name for path in host.data.iterdir()) == ["asked", "content", "schema"]


def test_a_schema_that_is_there_stays(host: Host) -> None:
    host.answer("Success - {file} is valid with repsect to schema dominoOneTouchSetup.schema.json")
    own = host.data / host.schema.name
    own.write_text("my own", "ascii")
    assert host.run({**OPTIONS, "data_directory": "@data"})["validated"]
    assert (host.data / "schema").read_text("ascii") == own.read_text("ascii") == "my own"


def test_a_link_in_the_place_of_the_schema_is_not_followed(host: Host) -> None:
    host.answer("Success - {file} is valid")
    target = host.root / "target"
    (host.data / host.schema.name).symlink_to(target)
    with pytest.raises(ValidjsonError, match="could not be made: File exists"):
        validate(b"{}", "setup.json", host.programs, host.data)
    assert not target.exists()


def test_a_validjson_that_cannot_be_started(host: Host) -> None:
    host.answer("")
    host.program.write_text("#!/no/such/interpreter\n", "ascii")
    options = {**OPTIONS, "data_directory": "@data"}
    failed = host.run({**options, "validate": "yes"})
    assert "could not be started" in failed["msg"]
    assert not host.file.exists()
    done = host.run(options)
    assert done["validated"] is None
    assert ["could not be started" in warning for warning in done["warnings"]] == [True]
    assert host.file.exists()


def test_root_does_not_validate_as_root_because_a_volume_belongs_to_root(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is anybody else kept from it, who need not own the volume."""
    host.answer("Success - @file is valid with repsect to schema")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(ValidjsonError, match=r"belongs to root, so .* is not run as root\. Set become_user"):
        validate(b"{}", "setup.json", host.programs, Path("/"))
    monkeypatch.undo()
    if os.geteuid() != 0:
        return
    os.chown(host.data, 0, NOTES)
    host.data.chmod(0o2775)
    process = os.fork()
    if process == 0:
        fine = False
        try:
            os.setgroups([])
            os.setgid(NOTES)
            os.setuid(NOTES)
            verdict = validate(b"{}", "setup.json", host.programs, host.data)
            fine = verdict.valid is True and (host.data / "asked").stat().st_uid == NOTES
        finally:
            os._exit(0 if fine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


def test_another_user_does_not_validate(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.answer("Success - {file} is valid")
    owner = host.data.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)  # a test is one user
    with pytest.raises(ValidjsonError, match=r"this is another user\. Set become_user"):
        validate(b"{}", "setup.json", host.programs, host.data)


def test_a_file_that_somebody_else_changed_meanwhile_is_left_alone(host: Host) -> None:
    host.file.write_bytes(b"{}")
    file = WholeFile(None, str(host.file))
    host.file.write_bytes(b'{"a": 1}')
    with pytest.raises(FileError, match=r"was changed by somebody else meanwhile\. Nothing was changed\."):
        file.replace(b"x")
    assert host.file.read_bytes() == b'{"a": 1}'


def test_a_file_of_another_user_is_left_to_this_user(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.file.write_bytes(b"{}")
    file = WholeFile(None, str(host.file))
    owner = host.file.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)  # a test is one user
    with pytest.raises(FileError, match=r"belongs to another user.*Set become_user to its owner"):
        file.check()


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("", "this is a directory; name the file"),
        ("missing/setup.json", "missing cannot be locked: No such file or directory"),
    ],
)
def test_a_path_that_cannot_be(host: Host, path: str, error: str) -> None:
    failed = host.run({**OPTIONS, "path": str(host.root / path)})
    assert error in failed["msg"]
    assert "Nothing was changed." in failed["msg"]


# ------------------------------------------------------------------ the text of the file

TEXTS = st.text(st.characters(), max_size=8)  # halves of characters included, as JSON can spell them
JSON = st.dictionaries(
    TEXTS,
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
        max_leaves=8,
    ),
    max_size=3,
)


@given(JSON, st.sampled_from(["  ", "\t", "    "]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_is_written_is_read_and_written_again(data: Any, indent: str, line_end: str, final: bool) -> None:
    written = JsonFile({}, indent, line_end, line_end if final else "").render(data)
    read = JsonFile.parse(written, "x")
    assert json.dumps(read.data) == json.dumps(data)
    if data:
        assert read.render(read.data) == written


@given(JSON, JSON)
def test_masks_hide_what_is_secret_and_nothing_else(data: Any, other: Any) -> None:
    secret = {"x": {"adminPassword": "se-cret"}, "HTTPPassword": {"type": "text", "value": ["se-cret"], "names": True}}
    shown = masked({**data, "ours": secret}, other)
    assert "se-cret" not in json.dumps(shown)
    assert shown["ours"] == {
        "x": {"adminPassword": "(new secret)"},
        "HTTPPassword": {"type": "text", "value": ["(new secret)"], "names": True},
    }
    assert secrets_of({"ours": secret}) == {"se-cret"}
    if not secrets_of(data):
        assert {name: value for name, value in shown.items() if name != "ours"} == {
            name: value for name, value in data.items() if name != "ours"
        }
