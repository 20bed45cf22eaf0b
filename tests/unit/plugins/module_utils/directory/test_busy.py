# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine on a directory that others write to at the same time, and on connections that break."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.opendomino.mail.plugins.module_utils._directory import creation, engine, report
from ansible_collections.opendomino.mail.plugins.module_utils._directory.definition import define_all
from ansible_collections.opendomino.mail.plugins.module_utils._directory.errors import DirectoryError, IncompleteError
from ansible_collections.opendomino.mail.plugins.module_utils._directory.plan import plan
from ansible_collections.opendomino.mail.plugins.module_utils._directory.rest import RestDirectory
from ansible_collections.opendomino.mail.plugins.module_utils._directory.transport import Transport

from ...._rest_server import PASSWORD, RestServer, rest_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ansible_collections.opendomino.mail.plugins.module_utils._directory.plan import Outcome

RACES = 1000
WRITERS = 8


@contextmanager
def opened(server: RestServer) -> Iterator[RestDirectory]:
    """Give a directory over connections of its own, as each run of a module has them."""
    transport = Transport(server.url, timeout=20)
    try:
        yield RestDirectory(transport, "Lab Admin", PASSWORD)
    finally:
        transport.close()


def run(rest: RestDirectory, *raw: dict[str, Any], concurrency: int = 4) -> Sequence[Outcome]:
    return engine.run(rest, define_all(raw), write=True, design_check="off", concurrency=concurrency)


def person(number: int, **items: Any) -> dict[str, Any]:
    return {"form": "Person", "match": {"LastName": f"P{number}"}, "items": items}


def stored_people(count: int, **items: Any) -> list[dict[str, Any]]:
    return [{"Form": "Person", "Type": "Person", "LastName": f"P{number}", **items} for number in range(count)]


# -- two writers of one document --------------------------------------------------------------------------------------


def test_a_thousand_races_of_two_writers_lose_nothing(tmp_path: Path) -> None:
    """In each race both write an item of their own, and an item that they share.

    The shared item tells of every write what it was before and after. Nothing was lost if these make one chain.
    """
    steps: list[tuple[str, str]] = []
    refused: list[str] = []
    start = threading.Barrier(2)

    def write(rest: RestDirectory, writer: int) -> None:
        own = ("FirstName", "MiddleInitial")[writer]
        for race in range(RACES):
            start.wait(60)
            run(rest, person(0, **{own: str(race)}))
            if race % 4:
                continue
            start.wait(60)
            try:
                (outcome,) = run(rest, person(0, Location=f"{race}.{writer}"))
            except DirectoryError as exc:
                refused.append(str(exc))
            else:
                (change,) = outcome.plan.changes
                steps.append(((change.before or ("",))[0], (change.after or ("",))[0]))

    changes = {"Person": {"add": {"Location": {"type": "text"}}}}
    with ExitStack() as stack:
        server = stack.enter_context(rest_server(tmp_path, documents=stored_people(1), changes=changes, kept=False))
        rests = [stack.enter_context(opened(server)) for _writer in range(2)]
        with ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(write, rest, writer) for writer, rest in enumerate(rests)]:
                future.result()
        (note,) = server.notes()
    assert (note.items["FirstName"], note.items["MiddleInitial"]) == (str(RACES - 1),) * 2
    assert len(steps) + len(refused) == 2 * len(range(0, RACES, 4))
    chain, following = [""], dict(steps)
    while chain[-1] in following:
        chain.append(following.pop(chain[-1]))
    assert not following, "each write followed the one that it had read"
    assert chain[-1] == note.items["Location"]
    assert note.sequence == 1 + 2 * RACES + len(steps), "each write made one revision"
    collisions = sum("/document/" in path for path in server.asked) - 2 * RACES - len(steps)
    assert collisions > RACES / 5, "they did race"
    assert len(refused) > RACES / 20
    assert all("Location: " in text and "is there now" in text and "was read before" in text for text in refused)


def test_who_comes_second_writes_what_the_first_left_to_do(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=stored_people(1)) as server, opened(server) as rest:
        server.meanwhile = {"FirstName": "Jane", "Suffix": "Dr"}
        (outcome,) = run(rest, person(0, FirstName="Jane", MiddleInitial="Q"))
        (note,) = server.notes()
    assert [change.name for change in outcome.plan.changes] == ["MiddleInitial"]
    assert (note.items["FirstName"], note.items["MiddleInitial"], note.items["Suffix"]) == ("Jane", "Q", "Dr")


def test_an_item_that_was_right_and_is_not_any_more_is_a_conflict_too(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=stored_people(1, FirstName="Jane")) as server, opened(server) as rest:
        server.meanwhile = {"FirstName": "Joan"}
        with pytest.raises(IncompleteError, match=r'"Jane" was to be written, "Joan" is there now, "Jane" was read'):
            run(rest, person(0, FirstName="Jane", MiddleInitial="Q"))


def test_secret_values_are_in_no_conflict(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=stored_people(1, HTTPPassword="old")) as server, opened(server) as rest:
        server.meanwhile = {"HTTPPassword": "theirs"}
        with pytest.raises(IncompleteError) as caught:
            run(rest, person(0, HTTPPassword="ours"))
    assert "(new secret) was to be written, (secret) is there now, (secret) was read before" in str(caught.value)
    assert not [word for word in ("old", "theirs", "ours") if f'"{word}"' in str(caught.value)]


def test_a_document_that_became_another_one_or_is_gone_is_left(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=stored_people(2)) as server, opened(server) as rest:
        server.meanwhile = {"LastName": "Married"}
        with pytest.raises(IncompleteError, match="it is another document now"):
            run(rest, person(0, FirstName="Jane"))
        unid = server.unid(1)
        server.overrides["PATCH", f"/api/v1/document/{unid}"] = (404, b'{"status":404,"message":"x","errorId":1029}')
        server.overrides["GET", f"/api/v1/document/{unid}"] = (404, b'{"status":404,"message":"x","errorId":1029}')
        with pytest.raises(IncompleteError, match="removed meanwhile by someone else"):
            run(rest, person(1, FirstName="Jane"))


# -- removals ---------------------------------------------------------------------------------------------------------

GONE = {"form": "Person", "match": {"LastName": "P0"}, "state": "absent"}


def test_what_somebody_changed_meanwhile_is_not_removed(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=stored_people(1, FirstName="Jane")) as server, opened(server) as rest:
        server.meanwhile = {"FirstName": "Joan"}
        with pytest.raises(IncompleteError, match=r'not removed: .*"Joan" is there now, "Jane" was read before'):
            run(rest, GONE)
        assert len(server.notes()) == 1
        (outcome,) = run(rest, GONE)
        assert (outcome.plan.action, server.notes()) == ("deleted", [])


def test_a_new_revision_of_the_same_content_is_no_obstacle(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=stored_people(1)) as server, opened(server) as rest:
        server.faults.set({"name": "conflict", "times": 2})
        (outcome,) = run(rest, GONE)
        assert (outcome.plan.action, server.notes()) == ("deleted", [])


def test_who_has_read_a_document_before_its_removal_cannot_change_it_in_between(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=stored_people(1)) as server, opened(server) as ours, opened(server) as theirs:
        (document,) = theirs.find("Person", [])
        server.faults.set({"name": "error", "method": "DELETE", "times": 1})
        with pytest.raises(IncompleteError, match="When it was looked at again, it was not written"):
            run(ours, GONE)
        theirs.accept("Person", (), ())
        with pytest.raises(DirectoryError, match="current revision"):
            theirs.update(document, a_change())


def a_change() -> Any:
    """Return a change of FirstName."""
    (definition,) = define_all([person(0, FirstName="late")])
    return plan([], definition).changes[-1:]


# -- several runs that make the same document -------------------------------------------------------------------------


@pytest.mark.parametrize("round_", range(5))
def test_many_runs_that_make_the_same_documents_leave_one_of_each(round_: int, tmp_path: Path) -> None:
    wanted = [person(number, FirstName=f"F{number}") for number in range(1 + round_)]
    start = threading.Barrier(WRITERS)

    def make(rest: RestDirectory) -> Sequence[Outcome]:
        rest.find("Person", [])  # logged in
        start.wait(60)
        return run(rest, *wanted)

    with ExitStack() as stack:
        server = stack.enter_context(rest_server(tmp_path, kept=False))
        rests = [stack.enter_context(opened(server)) for _writer in range(WRITERS)]
        with ThreadPoolExecutor(WRITERS) as pool:
            runs = list(pool.map(make, rests))
        notes = {note.items["LastName"]: note for note in server.notes()}
        assert len(server.notes()) == len(notes) == len(wanted)
        for outcomes in runs:
            assert [outcome.unid for outcome in outcomes] == [notes[f"P{n}"].unid for n in range(len(wanted))]
        made = [outcome for outcomes in runs for outcome in outcomes if outcome.plan.action == "created"]
        assert len(made) == len(wanted), "each document was made by one run"
        assert not any(outcome.plan.changed for outcome in run(rests[0], *wanted))


@pytest.mark.parametrize("round_", range(6))
def test_runs_that_plan_while_others_settle_their_race_find_one_document(round_: int, tmp_path: Path) -> None:
    start = threading.Barrier(WRITERS)

    def make(number: int, rest: RestDirectory) -> Sequence[Outcome]:
        rest.find("Person", [])  # logged in
        start.wait(60)
        threading.Event().wait(number * 0.002 * round_)
        return run(rest, person(0, FirstName="Jane"))

    with ExitStack() as stack:
        server = stack.enter_context(rest_server(tmp_path, kept=False))
        rests = [stack.enter_context(opened(server)) for _writer in range(WRITERS)]
        with ThreadPoolExecutor(WRITERS) as pool:
            runs = list(pool.map(make, range(WRITERS), rests))
        assert len(server.notes()) == 1
        assert sum(outcome.plan.action == "created" for (outcome,) in runs) == 1


@pytest.mark.parametrize("wanted", [{"items": {"FirstName": "Jane"}}, {"state": "absent"}])
def test_planning_waits_for_another_run_to_remove_its_duplicate(wanted: dict[str, Any], tmp_path: Path) -> None:
    definition = {"form": "Person", "match": {"LastName": "P0"}, **wanted}
    documents = [*stored_people(2), stored_people(1)[0]]
    with rest_server(tmp_path, documents=documents) as server, opened(server) as rest:
        # Before the first search somebody removes another document, before the second one the duplicate.
        server.going = [server.unid(1), server.unid(2)]
        (outcome,) = engine.run(rest, define_all([definition]), write=False, design_check="off")
    assert outcome.unid == server.unid(0)


def test_a_duplicate_that_stays_is_named_when_patience_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creation, "PATIENCE", (0.01, 0.01))
    documents = [*stored_people(2), *stored_people(2)]
    with rest_server(tmp_path, documents=documents) as server, opened(server) as rest:
        with pytest.raises(DirectoryError, match=r"2 documents match.*Nothing was changed\."):
            run(rest, person(0, FirstName="Jane"), person(1, FirstName="Jim"))
        assert server.said == ["POST auth"] + ["POST query"] * 6, "all definitions wait together"


def _made_meanwhile(server: RestServer, monkeypatch: pytest.MonkeyPatch, **items: Any) -> None:
    """Let somebody else make the same document just after the first request that makes one."""
    create = RestDirectory.create

    def after(self: RestDirectory, form_changes: Any) -> Any:
        made = create(self, form_changes)
        monkeypatch.setattr(RestDirectory, "create", create)
        time.sleep(0.02)  # the time of creation has hundredths of a second
        server.make({"Form": "Person", "Type": "Person", "LastName": "P0", **items})
        return made

    monkeypatch.setattr(RestDirectory, "create", after)
    monkeypatch.setattr(creation, "PATIENCE", (0.01, 0.01))


def test_a_run_that_ended_before_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rest_server(tmp_path) as server, opened(server) as rest:
        _made_meanwhile(server, monkeypatch, FirstName="Joan", Suffix="theirs")
        (outcome,) = run(rest, person(0, FirstName="Jane"))
        (note,) = server.notes()
    assert (note.items["FirstName"], note.items["Suffix"]) == ("Jane", "theirs"), "theirs stays, ours is written to it"
    assert (outcome.unid, outcome.plan.action) == (note.unid, "updated")


def test_without_the_right_to_remove_both_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rest_server(tmp_path, rest={"allow_deletion": False}) as server, opened(server) as rest:
        _made_meanwhile(server, monkeypatch)
        with pytest.raises(IncompleteError, match="someone else made it at the same time") as caught:
            run(rest, person(0, FirstName="Jane"))
        unids = [note.unid for note in server.notes()]
    assert len(unids) == 2
    assert all(unid in str(caught.value) for unid in unids)


def test_what_others_changed_is_not_removed_although_we_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rest_server(tmp_path) as server, opened(server) as rest:
        _made_meanwhile(server, monkeypatch)
        look_up = creation.look_up

        def after_a_change(api: Any, definitions: Any) -> Any:
            server.write(server.notes()[0].unid, {"FirstName": "X"})
            return look_up(api, definitions)

        monkeypatch.setattr(creation, "look_up", after_a_change)
        with pytest.raises(IncompleteError, match="was changed since"):
            run(rest, person(0, FirstName="Jane"))
        assert len(server.notes()) == 2


def test_duplicates_and_conflicts_that_were_there_are_named_and_not_touched(tmp_path: Path) -> None:
    documents = [*stored_people(2), {**stored_people(1)[0], "$Conflict": "", "$REF": "x"}]
    shown = {"forms": {"Person": {"fields": {"$Conflict": {"type": "string"}}}}}
    with rest_server(tmp_path, documents=documents, rest=shown) as server, opened(server) as rest:
        before = server.stored()
        for wanted in (person(0, FirstName="Jane"), GONE):
            with pytest.raises(DirectoryError) as caught:
                run(rest, person(1, FirstName="Jim"), wanted)
            assert "2 documents match" in str(caught.value)
            unids = [note.unid for note in server.notes() if note.items["LastName"] == "P0"]
            assert f"{unids[0]}, {unids[1]} (replication conflict)" in str(caught.value)
        assert server.stored() == before


# -- what breaks off --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_the_next_run_finds_what_a_cut_one_has_made(count: int, tmp_path: Path) -> None:
    wanted = [person(number, FirstName="Jane") for number in range(count)]
    with rest_server(tmp_path) as server, opened(server) as rest:
        rest.find("Person", [])
        server.faults.set({"name": "drop_after", "method": "POST", "skip": 1, "times": 1})
        with pytest.raises(IncompleteError, match=r"such a document was there\. Written: nothing") as caught:
            run(rest, *wanted)
        result = report.results(caught.value.outcomes, caught.value.left)
        assert result["documents"] == result["undo"] == [], "nobody knows whose they are"
        assert [document["unid"] for document in result["not_written"]] == [note.unid for note in server.notes()]
        assert not any(outcome.plan.changed for outcome in run(rest, *wanted))
        assert len(server.notes()) == count


def test_a_creation_that_never_arrived_is_made_by_the_next_run(tmp_path: Path) -> None:
    with rest_server(tmp_path) as server, opened(server) as rest:
        rest.find("Person", [])
        server.faults.set({"name": "drop", "method": "POST", "skip": 1, "times": 1})
        with pytest.raises(IncompleteError, match="no such document was there"):
            run(rest, person(0))
        assert [outcome.plan.action for outcome in run(rest, person(0))] == ["created"]


@pytest.mark.parametrize(
    ("fault", "says", "written"),
    [
        ({"name": "drop_after"}, "broke the connection off .* it was written.", True),
        ({"name": "drop"}, "broke the connection off .* it was not written.", False),
        ({"name": "error", "status": 503}, "being refreshed or stopped.* it was not written.", False),
        ({"name": "error", "status": 500}, "HTTP 500.* it was not written.", False),
    ],
)
def test_what_became_of_a_change_is_looked_up(fault: dict[str, Any], says: str, written: bool, tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=stored_people(1)) as server, opened(server) as rest:
        server.faults.set({**fault, "method": "PATCH", "times": 1})
        with pytest.raises(IncompleteError, match=says) as caught:
            run(rest, person(0, FirstName="Jane"))
        result = report.results(caught.value.outcomes, caught.value.left)
        assert (len(result["documents"]), len(result["undo"]), result["changed"]) == (written, written, written)
        assert [outcome.plan.action for outcome in run(rest, person(0, FirstName="Jane"))] == (
            ["none"] if written else ["updated"]
        )


def test_a_server_that_is_gone_leaves_a_doubt(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=stored_people(1)) as server, opened(server) as rest:
        server.faults.set({"name": "drop", "method": "PATCH"})
        run(rest)
        original = rest.read
        rest.read = lambda form, unid: server.faults.set({"name": "drop"}) or original(form, unid)  # type: ignore[method-assign]
        with pytest.raises(IncompleteError, match="It is not known whether this was written; run again to find out"):
            run(rest, person(0, FirstName="Jane"))


def test_a_slow_answer_is_waited_for(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=stored_people(4)) as server, opened(server) as rest:
        server.faults.set({"name": "slow", "method": "PATCH", "seconds": 0.2, "times": 4})
        outcomes = run(rest, *(person(number, FirstName="Jane") for number in range(4)))
        assert [outcome.plan.action for outcome in outcomes] == ["updated"] * 4


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_failure_stops_the_rest_and_the_next_run_does_it(concurrency: int, tmp_path: Path) -> None:
    """Some of forty changes are refused. Exactly what was written is reported, and nothing is sent afterwards."""
    wanted = [person(number, FirstName="Jane") for number in range(40)]
    with rest_server(tmp_path, documents=stored_people(40)) as server, opened(server) as rest:
        server.faults.set({"name": "error", "status": 500, "method": "PATCH", "skip": 10, "times": 1})
        with pytest.raises(IncompleteError) as caught:
            run(rest, *wanted, concurrency=concurrency)
        written = {outcome.unid for outcome in caught.value.outcomes}
        assert {note.unid for note in server.notes() if "FirstName" in note.items} == written
        assert len(written) == 10 or (concurrency > 1 and 10 < len(written) < 30)
        assert len(server.writes) == len(written) + 1
        assert len(caught.value.left) == 40 - len(written)
        assert f"and {len(written) - 10} more" in str(caught.value) or len(written) == 10
        outcomes = run(rest, *wanted, concurrency=concurrency)
        assert sum(outcome.plan.changed for outcome in outcomes) == 40 - len(written)
        assert [outcome.unid for outcome in outcomes] == [server.unid(number) for number in range(40)], "in order"


def test_single_documents_of_a_batch_that_are_refused_are_named(tmp_path: Path) -> None:
    broken = {"forms": {"Person": {"fields": {"MiddleInitial": {"type": "string", "fieldAccess": "RO"}}}}}
    wanted = [person(number, **({"MiddleInitial": "Q"} if number == 1 else {})) for number in range(3)]
    with rest_server(tmp_path, rest=broken) as server, opened(server) as rest:
        server.overrides["GET", "/api/v1/scope/form/Person"] = (403, b'{"message":"no","status":403}')
        with pytest.raises(IncompleteError, match=r"MiddleInitial is read only") as caught:
            run(rest, *wanted, person(3))
        assert {outcome.unid for outcome in caught.value.outcomes} == {note.unid for note in server.notes()}
        assert [planned.definition.title for planned in caught.value.left] == ['Person document "P1" (Person)']
        assert len(server.notes()) == 3


def test_a_token_that_ends_while_several_write_is_renewed_as_often_as_it_ends(tmp_path: Path) -> None:
    wanted = [person(number, FirstName="Jane") for number in range(30)]
    with rest_server(tmp_path, documents=stored_people(30)) as server, opened(server) as rest:
        server.faults.set({"name": "expire_token", "method": "PATCH", "skip": 10, "times": 1})
        assert all(outcome.plan.changed for outcome in run(rest, *wanted))
        assert server.said.count("POST auth") == 2
        assert all(note.items["FirstName"] == "Jane" for note in server.notes())
        for number, name in enumerate(("Joan", "June", "Jill"), start=3):
            server.faults.set({"name": "expire_token", "method": "PATCH", "times": 1})
            assert all(outcome.plan.changed for outcome in run(rest, person(0, FirstName=name)))
            assert server.said.count("POST auth") == number
        assert server.notes()[0].items["FirstName"] == "Jill"


def test_hundreds_of_documents_are_made_by_few_requests_over_few_connections(tmp_path: Path) -> None:
    wanted = [person(number) for number in range(250)]
    with rest_server(tmp_path, kept=True) as server, opened(server) as rest:
        assert all(outcome.plan.action == "created" for outcome in run(rest, *wanted))
        assert server.said.count("POST create") == 3
        assert not any(outcome.plan.changed for outcome in run(rest, *wanted))
        assert len(server.notes()) == 250
