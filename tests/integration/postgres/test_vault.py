"""The vault: values of masked documents, for those whom the collection names, in texts that they may read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
import pytest

from kgqa.adapters.keyring import Keyring
from kgqa.adapters.models.extractor import SpacyExtractor
from kgqa.adapters.postgres.search_index import PostgresSearchIndex
from kgqa.adapters.postgres.stage import open_run
from kgqa.adapters.postgres.stage_access import stage_access
from kgqa.adapters.postgres.vault import PostgresVault
from kgqa.adapters.scripted.encoder import HashingEncoder
from kgqa.ask.personal import QuestionMask
from kgqa.ask.rank import understand
from kgqa.errors import ConfigurationError
from kgqa.ingest.mask import PersonalData
from kgqa.ingest.pipeline import IngestOptions, IngestParts, ingest_documents
from kgqa.model.answer import Caller
from kgqa.model.delta import IngestDelta
from kgqa.model.document import RawDocument
from kgqa.model.pii import PiiPolicy, PiiRules, PiiSpan, SealedValue
from kgqa.text.pseudonyms import Pseudonyms

PRIVACY = Caller(subject="user:ivy", principals=("group:privacy", "public", "user:ivy"))
PUBLIC = Caller(subject="public", principals=("public",))
KEYS = Keyring.parse(f"a:{Keyring.new_key()}")
NAMES = Pseudonyms(key=b"key", collection="lake")
ELENA, JONAS = NAMES.token("Elena Ruiz", "PERSON"), NAMES.token("Jonas Weber", "PERSON")


@dataclass(frozen=True)
class Known:
    version: str = "1"
    types: frozenset[str] = frozenset(("PERSON",))

    def find(self, text: str, language: str) -> Sequence[PiiSpan]:
        places = sorted((text.find(value), value) for value in ("Elena Ruiz", "Jonas Weber"))
        return [PiiSpan(start=at, end=at + len(value), type="PERSON") for at, value in places if at >= 0]


def put(store, **texts: tuple[str, tuple[str, ...]]) -> None:
    masking = PersonalData(policy=PiiPolicy.MASK, detector=Known(), pseudonyms=NAMES, sealer=KEYS)
    parts = IngestParts(extractor=SpacyExtractor(), embedder=HashingEncoder(), options=IngestOptions(personal=masking))
    raws = [
        RawDocument(collection="lake", key=f"{key}.txt", uri="u", data=text.encode(), principals=principals)
        for key, (text, principals) in texts.items()
    ]
    store.apply_delta(IngestDelta(collection="lake", upserts=tuple(ingest_documents(raws, parts))))


@pytest.fixture
def vault(pools, store) -> PostgresVault:
    store.set_pii_rules("lake", PiiRules(policy=PiiPolicy.MASK, readers=("group:privacy",)))
    return PostgresVault(pools.app)


def tokens_left(pools) -> set[str]:
    with pools.pipeline.connection() as connection:
        return {row[0] for row in connection.execute("select token from pii_vault").fetchall()}


def test_rules_are_kept_and_an_unknown_collection_has_none(vault) -> None:
    assert vault.rules("lake") == PiiRules(policy=PiiPolicy.MASK, readers=("group:privacy",))
    assert vault.rules("pond") == PiiRules()


def test_values_are_for_those_whom_the_collection_names_in_texts_that_they_may_read(pools, store, vault) -> None:
    put(
        store,
        open=("The pump was ordered by Elena Ruiz last week.", ("public",)),
        closed=("The seal kit was ordered by Jonas Weber last week.", ("group:board",)),
    )
    wanted = [ELENA, JONAS, NAMES.token("Nobody", "PERSON")]
    assert vault.reveal(PRIVACY, "lake", wanted, KEYS) == {ELENA: "Elena Ruiz"}
    assert vault.reveal(PUBLIC, "lake", wanted, KEYS) == {}
    assert vault.reveal(PRIVACY, "pond", wanted, KEYS) == {}
    with pools.pipeline.connection() as connection:
        connection.execute("select 1")
    store.set_pii_rules("lake", PiiRules(policy=PiiPolicy.MASK))
    assert vault.reveal(PRIVACY, "lake", wanted, KEYS) == {}


def test_no_table_holds_a_clear_value(pools, store, vault) -> None:
    put(store, a=("The pump was ordered by Elena Ruiz. Elena Ruiz paid for it.", ("public",)))
    with pools.pipeline.connection() as connection:
        tables = connection.execute(
            "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname = 'public' and c.relkind in ('r', 'p') and has_table_privilege(c.oid, 'select')"
        ).fetchall()
        for (table,) in tables:
            found = connection.execute(
                f"select count(*) from {table} t where t::text ilike '%elena%' or t::text ilike '%ruiz%'"  # noqa: S608
                f" or t::text ilike '%{b'Elena'.hex()}%'"
            ).fetchone()
            assert found == (0,), table
        assert len(tables) > 30


def test_a_value_goes_with_the_last_text_that_holds_its_token(pools, store, vault) -> None:
    put(
        store,
        a=("The pump was ordered by Elena Ruiz last week.", ("public",)),
        b=("The seal kit was ordered by Elena Ruiz and Jonas Weber.", ("public",)),
    )
    assert tokens_left(pools) == {ELENA, JONAS}
    store.apply_delta(IngestDelta(collection="lake", deletions=("b.txt",)))
    assert tokens_left(pools) == {ELENA}
    put(store, a=("The pump was ordered by somebody else.", ("public",)))
    assert tokens_left(pools) == set()


def test_a_question_finds_the_name_that_its_value_became(pools, store, vault) -> None:
    put(store, a=("The pump was ordered by Elena Ruiz last week.", ("public",)))
    index = PostgresSearchIndex(pools.app)
    view = index.view(PUBLIC, "lake")
    masked = QuestionMask(pseudonyms=NAMES, detector=Known()).mask("What did elena ruiz order?", view, index)
    assert masked == f"What did {ELENA} order?"
    question = understand(masked, view, index, SpacyExtractor())
    assert ELENA.strip("[]").lower().replace(":", " ") in question.names
    scored = index.candidates(view, vector=HashingEncoder().embed([masked], "query")[0], text=masked, depth=5)
    assert scored[0].keyword > 0


def test_the_audit_trail_counts_and_names_no_value(pools, store, vault, database) -> None:
    put(store, a=("The pump was ordered by Elena Ruiz last week.", ("public",)))
    vault.reveal(PRIVACY, "lake", [ELENA, JONAS], KEYS)
    with psycopg.connect(database.superuser_url) as connection:
        rows = connection.execute("select subject, action, detail from audit_event").fetchall()
    assert rows == [("user:ivy", "unmask", {"collection": "lake", "asked": 2, "shown": 1})]


def test_values_outlive_a_change_of_readers_that_copies_the_version(pools, store, vault) -> None:
    put(store, note=("The pump was ordered by Elena Ruiz last week.", ("public",)))
    with pools.pipeline.connection() as connection, connection.transaction():
        run = open_run(connection, store.start_run("lake", {}, resume=False))
        stage_access(connection, run, {"note.txt": ("group:privacy",)})
    store.publish(run.id)
    assert vault.reveal(PRIVACY, "lake", [ELENA], KEYS) == {ELENA: "Elena Ruiz"}
    assert vault.reveal(PUBLIC, "lake", [ELENA], KEYS) == {}
    assert [found for _, findings in store.check(store.generation().id) for found in findings] == []


def test_a_masked_document_is_read_again_from_its_text_and_the_vault(pools, database, store, vault) -> None:
    text = "The pump was ordered by Elena Ruiz last week. It was paid for by Jonas Weber."
    put(store, note=(text, ("public",)))
    (row,) = store.behind(store.at(building(database.owner_url)).start_run("lake", {}))

    def unseal(sealed: Sequence[SealedValue]) -> dict[str, str]:
        return {value.token: KEYS.open("lake", value) for value in sealed}

    raw = store.recorded("lake", row[0], unseal)
    assert raw is not None
    assert (raw.data.decode(), raw.media_type, raw.principals) == (text, "text/plain", ("public",))
    with pools.pipeline.connection() as connection:
        assert connection.execute("select content_hash from document_version").fetchone() == (raw.recorded_hash,)
    with pytest.raises(ConfigurationError, match="its values cannot be read"):
        store.recorded("lake", row[0])
    assert store.recorded("lake", 1, unseal) is None


def building(owner_url: str) -> int:
    """A generation that is being built."""
    with psycopg.connect(owner_url) as owner:
        return owner.execute("select create_generation('{}', 384, 'building')").fetchone()[0]
