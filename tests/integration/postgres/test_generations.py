"""Two generations of one record: what the active one gives up is nowhere, and the other can catch up with the rest."""

from __future__ import annotations

import random
import threading

import psycopg
import pytest
from psycopg import sql

from kgqa.adapters.postgres.content import differences, record_content
from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.adapters.postgres.generations import drop_generation, flipping, reopen, start_generation, unfinished
from kgqa.adapters.postgres.library import PostgresLibrary
from kgqa.errors import Conflict, GenerationMoved, InvalidInput, NotFound
from kgqa.model.answer import Caller
from kgqa.model.delta import DocumentDelta, IngestDelta
from kgqa.model.document import Source
from kgqa.model.generation import GenerationState
from kgqa.model.identity import document_id
from tests.integration.postgres.conftest import COLLECTION
from tests.integration.postgres.test_invariants import random_documents


def build(database, *, dimensions: int = 384, model: str = "other") -> int:
    return start_generation(database.owner_url, model=model, encoder=model, dimensions=dimensions)


def catch_up(store: PostgresDocumentStore, generation: int, deltas: dict[str, DocumentDelta]) -> list[str]:
    """Stage and publish what a generation lacks; keys of it."""
    bound = store.at(generation)
    run = bound.start_run(COLLECTION, {})
    keys = [key for _, key, _, _ in bound.behind(run)]
    bound.stage(run, [deltas[key] for key in keys])
    bound.publish(run, resolve=False)
    bound.resolve(COLLECTION)
    return keys


def activate(owner_url: str, generation: int) -> int:
    with flipping(owner_url, generation) as flip:
        return flip()


def settle(pools) -> None:
    """Pretend that the graph is up to date."""
    with pools.pipeline.connection() as connection:
        connection.execute("delete from dirty_key")


def wrong(store: PostgresDocumentStore, generation: int) -> list[object]:
    return [found for _, findings in store.check(generation) for found in findings]


@pytest.mark.parametrize("seed", range(3))
def test_random_changes_leave_both_generations_whole_and_the_other_can_catch_up(
    seed: int, pools, database, store, lake, delta
) -> None:
    random_ = random.Random(seed)
    deltas = {d.key: d for d in random_documents(seed, delta, 16)}
    lake.put(*deltas.values())
    active, other = store.generation().id, build(database)
    assert set(catch_up(store, other, deltas)) == set(deltas)
    for step in range(6):
        keys = sorted(deltas)
        if step % 2:
            gone = random_.sample(keys, 3)
            run = store.start_run(COLLECTION, {}, resume=False)
            store.stage_deletions(run, gone)
            store.publish(run, resolve=bool(step % 4 == 1))
            store.resolve(COLLECTION)
            for key in gone:
                del deltas[key]
        else:
            key = random_.choice(keys)
            text = deltas[random_.choice(keys)].document.text
            deltas[key] = delta(
                key, f"{text} It also says {step}.", principals=random_.choice([("public",), ("group:a",)])
            )
            lake.put(deltas[key])
        store.at(other).resolve(COLLECTION)
        for generation in (active, other):
            assert wrong(store, generation) == [], (step, generation)
        if step == 3:
            catch_up(store, other, deltas)
    catch_up(store, other, deltas)
    assert wrong(store, other) == []
    settle(pools)
    assert activate(database.owner_url, other) == active
    assert {g.id: g.behind for g in store.generations()} == {active: 0, other: 0}
    with psycopg.connect(database.superuser_url) as connection:
        both = {
            g: connection.execute(
                "select count(*), count(distinct chunk_id) from chunk_index where generation = %s", (g,)
            ).fetchone()
            for g in (active, other)
        }
    assert both[active] == both[other]


def test_what_the_active_one_gives_up_leaves_every_other_one_at_once(pools, database, store, lake, delta) -> None:
    deltas = {key: delta(key, f"Acme Works makes Pump {key.upper()}.") for key in "abc"}
    lake.put(*deltas.values())
    other = build(database)
    catch_up(store, other, deltas)
    bound = store.at(other)
    lake.put(delta("a", "Acme Works makes Valve A."))
    lake.put(delta("b", deltas["b"].document.text, principals=("group:few",)))
    lake.delete("c")
    with psycopg.connect(database.superuser_url) as connection:
        for table in ("chunk_index", "mention", "name_support", "claim", "alias_support", "publication"):
            query = sql.SQL("select count(*) from {} where generation = %s").format(sql.Identifier(table))
            assert connection.execute(query, (other,)).fetchone() == (0,), table
        texts = connection.execute("select text from document_version order by 1").fetchall()
        assert [text for (text,) in texts] == ["Acme Works makes Pump B.", "Acme Works makes Valve A."]
    # what was read before the change is not staged after it
    run = bound.start_run(COLLECTION, {})
    bound.stage(run, [deltas["a"], deltas["b"], deltas["c"]])
    assert [key for _, key, _, _ in bound.behind(run)] == ["a", "b"]
    # what was staged before the change goes with it
    bound.stage(run, [delta("a", "Acme Works makes Valve A.")])
    assert [key for _, key, _, _ in bound.behind(run)] == ["b"]
    lake.put(delta("a", "Acme Works makes Crane A."))
    assert [key for _, key, _, _ in bound.behind(run)] == ["a", "b"]
    lake.delete("a")
    with psycopg.connect(database.superuser_url) as connection:
        assert connection.execute("select text from document_version").fetchall() == [("Acme Works makes Pump B.",)]
        assert connection.execute("select count(*) from document where key = 'a'").fetchone() == (0,)


def test_documents_stay_those_of_their_source(pools, database, store, lake, delta) -> None:
    deltas = {"a": delta("a", "Acme Works makes Pump.")}
    store.remember_source(COLLECTION, Source(uri="file:///lake"))
    run = store.start_run(COLLECTION, {}, source="file:///lake")
    store.stage(run, list(deltas.values()))
    store.publish(run)
    catch_up(store, build(database), deltas)
    assert store.keys_of_source(COLLECTION, "file:///lake") == ["a"]


def test_a_generation_that_lacks_something_is_not_made_active(pools, database, store, lake, delta) -> None:
    deltas = {"a": delta("a", "Acme Works makes Pump."), "b": delta("b", "Acme Works makes Valve.")}
    lake.put(*deltas.values())
    active, other = store.generation().id, build(database)
    with pytest.raises(Conflict, match="2 documents that differ"):
        activate(database.owner_url, other)
    catch_up(store, other, deltas)
    with pytest.raises(Conflict, match="changes that are not in the graph"):
        activate(database.owner_url, other)
    settle(pools)
    assert unfinished(database.owner_url, other) == {}
    assert activate(database.owner_url, other) == active
    assert store.generation().id == other
    assert store.previous_generation() == active
    with pytest.raises(InvalidInput, match="is the active one"):
        activate(database.owner_url, other)
    with pytest.raises(NotFound):
        activate(database.owner_url, 999_999)


def test_a_run_of_a_generation_that_was_left_is_not_published(pools, database, store, lake, delta) -> None:
    deltas = {"a": delta("a", "Acme Works makes Pump.")}
    lake.put(*deltas.values())
    active, other = store.generation().id, build(database)
    catch_up(store, other, deltas)
    settle(pools)
    run = store.start_run(COLLECTION, {}, resume=False)
    store.stage(run, [delta("b", "Acme Works makes Valve.")])
    activate(database.owner_url, other)
    with pytest.raises(GenerationMoved) as raised:
        store.publish(run)
    assert raised.value.retryable
    lake.put(delta("b", "Acme Works makes Valve."))
    assert set(store.keys(COLLECTION)) == {"a", "b"}
    assert {g.id: g.documents for g in store.generations()} == {active: 1, other: 2}


def test_a_publisher_waits_for_a_flip_and_is_told_of_it(pools, database, store, lake, delta) -> None:
    deltas = {"a": delta("a", "Acme Works makes Pump.")}
    lake.put(*deltas.values())
    other = build(database)
    catch_up(store, other, deltas)
    settle(pools)
    run = store.start_run(COLLECTION, {}, resume=False)
    store.stage(run, [delta("b", "Acme Works makes Valve.")])
    told = list[BaseException]()

    def publish() -> None:
        try:
            store.publish(run)
        except BaseException as problem:  # noqa: BLE001 - looked at below
            told.append(problem)

    publisher = threading.Thread(target=publish)
    with flipping(database.owner_url, other) as flip:
        publisher.start()
        publisher.join(1)
        assert publisher.is_alive()
        flip()
    publisher.join(60)
    assert [type(problem) for problem in told] == [GenerationMoved]
    assert set(store.keys(COLLECTION)) == {"a"}


def test_flips_while_documents_are_put_lose_none_of_them(pools, database, store, lake, delta) -> None:
    deltas = {"first": delta("first", "Acme Works makes Pump.")}
    lake.put(*deltas.values())
    generations = [store.generation().id, build(database)]
    done, problems = threading.Event(), list[BaseException]()

    def put() -> None:
        number = 0
        while not done.is_set():
            key = f"n{number}"
            deltas[key] = delta(key, f"Acme Works makes Valve {number}.")
            try:
                store.apply_delta(IngestDelta(collection=COLLECTION, upserts=(deltas[key],)))
            except BaseException as problem:  # noqa: BLE001 - none may fail
                problems.append(problem)
                return
            number += 1

    writer = threading.Thread(target=put)
    writer.start()
    try:
        for flip_number in range(6):
            wanted = generations[(flip_number + 1) % 2]
            reopen(database.owner_url, wanted)
            catch_up(store, wanted, deltas)
            with flipping(database.owner_url, wanted) as flip:
                catch_up(store, wanted, deltas)
                settle(pools)
                flip()
    finally:
        done.set()
        writer.join(60)
    assert not problems
    assert len(deltas) > 6
    assert set(store.keys(COLLECTION)) == set(deltas)
    for generation in generations:
        assert wrong(store, generation) == []


def test_a_dropped_generation_leaves_the_other_as_it_was(pools, database, store, lake, delta, other_lake) -> None:
    deltas = {d.key: d for d in random_documents(5, delta, 12)}
    lake.put(*deltas.values())
    active, other = store.generation().id, build(database)
    catch_up(store, other, deltas)
    with pytest.raises(InvalidInput):
        drop_generation(database.owner_url, active)
    for _ in range(2):
        drop_generation(database.owner_url, other)
    assert [(g.id, g.state) for g in store.generations()] == [(active, GenerationState.ACTIVE)]
    other_lake.put(*deltas.values())
    with pools.pipeline.connection() as mine, other_lake.pools.pipeline.connection() as alone:
        assert differences(record_content(mine), record_content(alone)) == []
    assert build(database) != other


def test_one_generation_is_built_at_a_time(database, store, lake, delta) -> None:
    lake.put(delta("a", "Acme Works makes Pump."))
    other = build(database)
    assert build(database) == other
    with pytest.raises(Conflict, match="is being built with the encoder other"):
        build(database, model="third")


def test_a_generation_remembers_its_first_encoder(database, store) -> None:
    active = store.generation().id
    store.start_run(COLLECTION, {"embed": "e5"})  # as before encoders were written down
    store.set_encoder(active, model="other", encoder="onnx:other", dimensions=64)
    assert (store.generation().model, store.generation().encoder) == ("e5", "")
    store.set_encoder(active, model="e5", encoder="e5-small", dimensions=384)
    store.set_encoder(active, model="e5", encoder="another", dimensions=384)
    found = store.generation()
    assert (found.model, found.encoder, found.dimensions) == ("e5", "e5-small", 384)


def delete_without_removing(lake, key: str, monkeypatch) -> None:
    with monkeypatch.context() as cut:
        cut.setattr("kgqa.adapters.postgres.document_store.publish", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            lake.delete(key)


def test_a_new_generation_does_not_get_what_is_hidden(database, store, lake, delta, monkeypatch) -> None:
    deltas = {d.key: d for d in random_documents(3, delta, 8)}
    lake.put(*deltas.values())
    gone = min(deltas)
    delete_without_removing(lake, gone, monkeypatch)
    assert set(catch_up(store, build(database), deltas)) == set(deltas) - {gone}


def test_what_is_hidden_stays_hidden_when_another_generation_becomes_active(
    pools, database, store, lake, delta, monkeypatch
) -> None:
    deltas = {d.key: d for d in random_documents(3, delta, 8)}
    lake.put(*deltas.values())
    before, other = store.generation().id, build(database)
    catch_up(store, other, deltas)
    gone, unwanted = sorted(deltas)[:2]
    store.at(other).apply_delta(IngestDelta(collection=COLLECTION, deletions=(unwanted,)))
    delete_without_removing(lake, gone, monkeypatch)
    assert set(catch_up(store, other, deltas)) == {unwanted}, "the active generation has it, and shows it"
    settle(pools)
    activate(database.owner_url, other)
    everybody = {principal for found in deltas.values() for principal in found.principals}
    library = PostgresLibrary(pools.app)
    reader = Caller(subject="x", principals=tuple(sorted(everybody)))
    assert {key for key in deltas if library.document(reader, document_id(COLLECTION, key))} == set(deltas) - {gone}
    assert store.remove_hidden(COLLECTION) == 1
    store.resolve(COLLECTION)
    for generation in (before, other):
        assert wrong(store, generation) == []
    with pools.pipeline.connection() as connection:
        assert connection.execute("select count(*) from document where key = %s", (gone,)).fetchone() == (0,)
