-- name: forget
-- What documents said before they are read again; stated equivalences are remembered for comparison.
insert into written select unnest(%(documents)s::bigint[]) on conflict do nothing;

-- name: forget_mentions
delete from mention where generation = %(generation)s and document_id = any(%(documents)s::bigint[]);

-- name: forget_alias_support
delete from alias_support where generation = %(generation)s and document_id = any(%(documents)s::bigint[]);

-- name: remember_stated
-- Before chunks go: the equivalences that documents of this change state.
insert into old_stated
select r.left_alias, r.right_alias
from resolution_decision r join chunk c on c.id = r.chunk_id
where r.generation = %(generation)s and not r.is_manual and c.document_id in (
    select document_id from moved union select document_id from version_change
    union select unnest(%(documents)s::bigint[]));

-- name: forget_stated
delete from resolution_decision r using chunk c
where r.generation = %(generation)s and not r.is_manual and c.id = r.chunk_id and c.document_id in (
    select document_id from moved union select document_id from version_change
    union select unnest(%(documents)s::bigint[]));

-- name: chunks
-- Live chunks of some documents with all that their title names come from.
select v.document_id, c.id, c.acl_class, c.text, p.heading_path, p.row_key, v.title
from publication d
join document_version v on v.id = d.version_id
join chunk_placement p on p.version_id = v.id
join chunk c on c.id = p.chunk_id
where d.generation = %(generation)s and d.document_id = any(%(documents)s::bigint[])
order by v.document_id, p.ordinal;

-- name: supports
-- What the documents themselves say about their names.
select document_id, norm, surface, type, source, signature, chunk_id
from name_support s
where s.generation = %(generation)s and s.live and s.document_id = any(%(documents)s::bigint[])
order by document_id, norm, source, type, signature, surface, chunk_id;

-- name: claims
select document_id, id, version_id, chunk_id, start_offset, end_offset, subject_name, object_name
from claim where generation = %(generation)s and live and document_id = any(%(documents)s::bigint[]);

-- name: equivalences
-- Pairs of names that are known; whether the readers know them, their gazetteer says.
select e.document_id, e.chunk_id, l.norm, r.norm
from equivalence e
join name l on l.generation = e.generation and l.id = e.left_name
join name r on r.generation = e.generation and r.id = e.right_name
where e.generation = %(generation)s and e.live and e.document_id = any(%(documents)s::bigint[]);

-- name: make_mention
create temp table if not exists new_mention (like mention including defaults) on commit drop;

-- name: copy_mention
copy new_mention (
    generation, chunk_id, start_offset, end_offset, name_id, alias_id, is_title, collection_id, document_id, acl_class
) from stdin with (format binary);

-- name: add_mention
with row as (delete from new_mention returning *)
insert into mention (
    generation, chunk_id, start_offset, end_offset, name_id, alias_id, is_title, collection_id, document_id, acl_class
)
select generation, chunk_id, start_offset, end_offset, name_id, alias_id, is_title, collection_id, document_id, acl_class from row;

-- name: make_alias_support
create temp table if not exists new_alias_support (like alias_support including defaults) on commit drop;

-- name: copy_alias_support
copy new_alias_support (generation, alias_id, document_id, acl_class, surface, mentions, chunks) from stdin with (format binary);

-- name: add_alias_support
with row as (delete from new_alias_support returning *)
insert into alias_support (generation, alias_id, document_id, acl_class, surface, mentions, chunks)
select generation, alias_id, document_id, acl_class, surface, mentions, chunks from row;

-- name: copy_claim_sense
copy claim_sense (id, version_id, subject_alias, object_alias) from stdin with (format binary);

-- name: set_claim_senses
update claim c set subject_alias = s.subject_alias, object_alias = s.object_alias
from claim_sense s where c.generation = %(generation)s and c.id = s.id and c.version_id = s.version_id;

-- name: make_resolution_decision
create temp table if not exists new_resolution_decision (like resolution_decision including defaults) on commit drop;

-- name: copy_resolution_decision
copy new_resolution_decision (
    generation, collection_id, left_alias, right_alias, reason, score, chunk_id, acl_class
) from stdin with (format binary);

-- name: add_resolution_decision
with row as (delete from new_resolution_decision returning *)
insert into resolution_decision (
    generation, collection_id, left_alias, right_alias, reason, score, chunk_id, acl_class
)
select generation, collection_id, left_alias, right_alias, reason, score, chunk_id, acl_class from row;

-- name: copy_found_alias
copy found_alias (id, name_id, norm, type, signature) from stdin with (format binary);

-- name: add_aliases
insert into alias (generation, id, collection_id, name_id, norm, type, signature)
select %(generation)s, id, %(collection)s, name_id, norm, type, signature from found_alias
on conflict (generation, id) do nothing;
