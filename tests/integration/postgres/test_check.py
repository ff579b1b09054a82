"""The consistency check: silent on what ingest writes, loud on whatever is changed behind its back."""

from __future__ import annotations

import psycopg
import pytest

from kgqa.adapters.postgres.check import CHECKS, check_record
from tests.integration.postgres.test_invariants import random_documents

#: what the check says of it -> a change that ingest would never make
DAMAGE = {
    "sentence": "update sentence set live = false where ordinal = 0",
    "vector of another length": "update index_generation set dimensions = 383",
    "chunk without place": "delete from chunk_placement where ordinal = 0",
    "chunk": "update chunk set acl_class = (select max(id) from acl_class)",
    "duplicate without original": "update document_version set text_hash = 'other' where outcome = 'indexed'",
    "corpus size": "update corpus_statistics set chunks = chunks + 1",
    "document frequency": "delete from term_statistics where term = (select min(term) from term_statistics)",
    "sense of a name": "update name_sense set documents = documents + 1",
    "support without name": "delete from name where id = (select max(id) from name)",
    "mention of no name": "delete from name where id in (select name_id from mention)",
    "mention of no alias": "delete from alias_support where document_id = (select min(document_id) from mention)",
    "alias without support": "delete from alias_support where alias_id = (select max(id) from alias)",
    "alias without entity": "delete from entity where id = (select max(entity_id) from alias)",
    "number of aliases": "update entity set aliases = aliases + 1",
    "relation without support": "delete from relation_support where relation_id in (select min(id) from relation)",
    "relation of other entities": "update relation set subject_entity = subject_entity + 1",
    "relation on a claim that is gone": "delete from claim",
    "mention in no live chunk": "update chunk_index set live = false",
    "document without index": "delete from chunk_index",
    "clear bytes of a masked document": """
        insert into pii_use select v.id, d.collection_id, '[PERSON:0]'
        from document_version v join current_document d on d.current_version = v.id
        where v.raw_content_id is not null limit 1;
        insert into pii_vault select collection_id, token, 'PERSON', 'k', '' from pii_use""",
    "value that no text holds": "insert into pii_vault select id, '[PERSON:1]', 'PERSON', 'k', '' from collection",
    "token without value": "delete from pii_vault",
    "bytes that no document has": """
        insert into raw_content (collection_id, hash, data) select id, sha256('d'), 'd' from collection""",
    "deleted and not removed": """
        insert into hidden_version select current_version, id, now() - interval '1 day'
        from current_document limit 1""",
    "bytes with another hash": "update raw_content set data = 'other' where id = (select max(id) from raw_content)",
}


@pytest.fixture(params=range(2))
def written(request: pytest.FixtureRequest, lake, delta):
    """A lake with duplicates, deletions and changes behind it."""
    documents = random_documents(request.param, delta, 14)
    lake.put(*documents, delta("copy", documents[0].document.text, principals=documents[0].principals))
    lake.delete(documents[3].key, documents[7].key)
    lake.put(delta(documents[5].key, "Acme makes Pump. Kestrel Seals replaces Valve.", title="Acme"))
    return lake


def found(pools) -> dict[str, int]:
    """Rows by what is wrong with them."""
    with pools.pipeline.connection() as connection:
        generation = connection.execute("select id from index_generation where state = 'active'").fetchone()[0]
    checked = dict(check_record(pools.pipeline, generation))
    assert tuple(checked) == CHECKS
    return {finding.what: finding.rows for findings in checked.values() for finding in findings}


def test_nothing_is_wrong_with_what_ingest_writes(pools, written) -> None:
    assert found(pools) == {}


def test_every_damage_is_found(pools, written, database) -> None:
    before: dict[str, int] = {}
    for what, damage in DAMAGE.items():
        with psycopg.connect(database.owner_url) as owner:
            assert owner.execute(damage.encode()).rowcount, what
        after = found(pools)
        assert after.get(what, 0) > before.get(what, 0), what
        before = after
