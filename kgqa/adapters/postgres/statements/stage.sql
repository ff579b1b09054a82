-- name: run
-- The run that rows are staged under; the lock keeps it from being published meanwhile.
select r.collection_id, r.generation, r.state, c.name, g.state
from ingest_run r join collection c on c.id = r.collection_id join index_generation g on g.id = r.generation
where r.id = %(run)s for share of r;

-- name: as_active
-- Those of some documents that the active generation has with this content and these readers.
select d.id
from unnest(%(ids)s::bigint[], %(content)s::bytea[], %(classes)s::int[]) as n (id, content_hash, acl_class)
join current_document d on d.id = n.id and d.acl_class = n.acl_class
join document_version v on v.id = d.current_version and v.content_hash = n.content_hash;

-- name: add_classes
-- Intern access lists.
insert into acl_class (principals)
select distinct array(select jsonb_array_elements_text(p)) from jsonb_array_elements(%(lists)s::jsonb) as p
order by 1 on conflict (principals) do nothing;

-- name: classes
select array(select jsonb_array_elements_text(l.principals)), c.id
from jsonb_array_elements(%(lists)s::jsonb) as l (principals)
join acl_class c on c.principals = array(select jsonb_array_elements_text(l.principals));

-- name: add_documents
insert into document (id, collection_id, key, acl_class)
select id, %(collection)s, key, acl_class
from unnest(%(ids)s::bigint[], %(keys)s::text[], %(classes)s::int[]) as d (id, key, acl_class)
order by id on conflict do nothing;

-- name: foreign_documents
-- Ids that another key has already: a hash collision.
select d.key from document d join unnest(%(ids)s::bigint[], %(keys)s::text[]) as n (id, key) on n.id = d.id
where d.key <> n.key or d.collection_id <> %(collection)s;

-- name: undelete
delete from staged_deletion where run_id = %(run)s and document_id = any(%(ids)s::bigint[]);

-- name: drop_other_versions
-- A document that changed while the run was under way is staged again.
delete from document_version v
using unnest(%(ids)s::bigint[], %(content)s::bytea[], %(options)s::bytea[]) as n (id, content_hash, options_hash)
where v.run_id = %(run)s and v.document_id = n.id
    and (v.content_hash, v.options_hash) <> (n.content_hash, n.options_hash);

-- name: make_staged_version
create temp table staged_version (like document_version including defaults) on commit drop;
alter table staged_version drop column id, drop column duplicate_of, drop column near_duplicate_of, drop column created_at,
    drop column raw_content_id, add column raw bytea not null;

-- name: copy_staged_version
copy staged_version (
    document_id, run_id, acl_class, content_hash, options_hash, outcome, reason, uri, media_type, language, title,
    metadata, warnings, text, text_hash, minhash, listing_hash, raw
) from stdin with (format binary);

-- name: add_raw_content
-- Bytes that the collection does not hold yet. Those that it holds are locked: whoever drops their last version lets them be.
insert into raw_content (collection_id, hash, data)
select distinct on (sha256(raw)) %(collection)s, sha256(raw), raw from staged_version where raw <> '' order by sha256(raw)
on conflict (collection_id, hash) do update set hash = excluded.hash;

-- name: add_versions
-- Versions that were not there yet: only their rows are written. The others were staged by an earlier, complete call.
insert into document_version (
    document_id, run_id, acl_class, content_hash, options_hash, outcome, reason, uri, media_type, language, title,
    metadata, warnings, text, raw_content_id, text_hash, minhash, listing_hash
)
select
    document_id, run_id, acl_class, content_hash, options_hash, outcome, reason, uri, media_type, language, title,
    metadata, warnings, text, c.id, text_hash, minhash, listing_hash
from staged_version s
left join raw_content c on c.collection_id = %(collection)s and s.raw <> '' and c.hash = sha256(s.raw)
order by document_id
on conflict (document_id, run_id) do nothing
returning document_id, id;

-- name: make_staged_chunk
create temp table staged_chunk (like chunk) on commit drop;

-- name: copy_staged_chunk
copy staged_chunk (id, collection_id, document_id, acl_class, text) from stdin with (format binary);

-- name: add_chunks
insert into chunk select * from staged_chunk order by id on conflict (id) do nothing;

-- name: foreign_chunks
select s.id from staged_chunk s join chunk c on c.id = s.id
where c.document_id <> s.document_id or c.text <> s.text limit 1;

-- name: make_chunk_placement
create temp table if not exists new_chunk_placement (like chunk_placement including defaults) on commit drop;

-- name: copy_chunk_placement
copy new_chunk_placement (
    version_id, ordinal, chunk_id, heading_path, row_key, language, page, start_offset, end_offset, from_seconds,
    to_seconds
) from stdin with (format binary);

-- name: add_chunk_placement
with row as (delete from new_chunk_placement returning *)
insert into chunk_placement (
    version_id, ordinal, chunk_id, heading_path, row_key, language, page, start_offset, end_offset, from_seconds,
    to_seconds
)
select version_id, ordinal, chunk_id, heading_path, row_key, language, page, start_offset, end_offset, from_seconds,
    to_seconds from row;

-- name: make_chunk_translation
create temp table if not exists new_chunk_translation (like chunk_translation) on commit drop;

-- name: copy_chunk_translation
copy new_chunk_translation (version_id, chunk_id, language, engine, text, text_hash) from stdin with (format binary);

-- name: add_chunk_translation
with row as (delete from new_chunk_translation returning *)
insert into chunk_translation (version_id, chunk_id, language, engine, text, text_hash)
select version_id, chunk_id, language, engine, text, text_hash from row;

-- name: copy_chunk_index
copy chunk_index (
    generation, chunk_id, version_id, collection_id, acl_class, language, terms, bm25, text_hash, embedding,
    translation_language, translation_terms, translation_bm25
) from stdin with (format binary);

-- name: copy_sentence
copy sentence (
    generation, chunk_id, version_id, ordinal, start_offset, end_offset, collection_id, acl_class, text_hash, embedding
) from stdin with (format binary);

-- name: make_name_support
create temp table if not exists new_name_support (like name_support including defaults) on commit drop;

-- name: copy_name_support
copy new_name_support (
    generation, name_id, norm, document_id, version_id, chunk_id, source, type, signature, surface, acl_class
) from stdin with (format binary);

-- name: add_name_support
with row as (delete from new_name_support returning *)
insert into name_support (
    generation, name_id, norm, document_id, version_id, chunk_id, source, type, signature, surface, acl_class
)
select generation, name_id, norm, document_id, version_id, chunk_id, source, type, signature, surface, acl_class from row;

-- name: make_equivalence
create temp table if not exists new_equivalence (like equivalence including defaults) on commit drop;

-- name: copy_equivalence
copy new_equivalence (
    generation, version_id, chunk_id, left_name, right_name, collection_id, document_id, acl_class
) from stdin with (format binary);

-- name: add_equivalence
with row as (delete from new_equivalence returning *)
insert into equivalence (
    generation, version_id, chunk_id, left_name, right_name, collection_id, document_id, acl_class
)
select generation, version_id, chunk_id, left_name, right_name, collection_id, document_id, acl_class from row;

-- name: make_claim
create temp table if not exists new_claim (like claim including defaults) on commit drop;

-- name: copy_claim
copy new_claim (
    generation, id, version_id, chunk_id, start_offset, end_offset, subject_name, predicate, object_name,
    collection_id, document_id, acl_class
) from stdin with (format binary);

-- name: add_claim
with row as (delete from new_claim returning *)
insert into claim (
    generation, id, version_id, chunk_id, start_offset, end_offset, subject_name, predicate, object_name,
    collection_id, document_id, acl_class
)
select generation, id, version_id, chunk_id, start_offset, end_offset, subject_name, predicate, object_name, collection_id, document_id, acl_class from row;

-- name: add_sealed
-- What the tokens of new versions stand for. A value that is there already stays as it was first written.
with row as (
    select * from unnest(
        %(versions)s::bigint[], %(tokens)s::text[], %(types)s::text[], %(keys)s::text[], %(ciphertexts)s::bytea[]
    ) as r (version_id, token, type, key_id, ciphertext)
), used as (
    insert into pii_use (version_id, collection_id, token)
    select version_id, %(collection)s, token from row order by 1, 3 on conflict do nothing
)
insert into pii_vault (collection_id, token, type, key_id, ciphertext)
select distinct on (token) %(collection)s, token, type, key_id, ciphertext from row order by token
on conflict do nothing;

-- name: stage_deletions
insert into staged_deletion (run_id, document_id)
select %(run)s, d.id from document d
where d.collection_id = %(collection)s and d.key = any(%(keys)s::text[])
order by d.id on conflict do nothing;

-- name: forget_deletions
-- Deletions that an earlier attempt at this run was asked for.
delete from staged_deletion where run_id = %(run)s;

-- name: stage_deletions_by_id
insert into staged_deletion (run_id, document_id)
select %(run)s, d.id from document d
where d.collection_id = %(collection)s and d.id = any(%(documents)s::bigint[])
order by d.id on conflict do nothing;

-- name: drop_versions_of_deleted
delete from document_version v using staged_deletion s
where s.run_id = %(run)s and v.run_id = s.run_id and v.document_id = s.document_id;

-- name: drop_staged_of_deleted
-- What interrupted runs have staged of documents that are deleted by name.
delete from document_version v using staged_deletion s, ingest_run r
where s.run_id = %(run)s and v.document_id = s.document_id and r.id = v.run_id and r.state = 'open' and r.id <> s.run_id;
