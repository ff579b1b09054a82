-- What the projector reads from the record, and the dirty keys that it settles. Role kgqa_pipeline.
--
-- Every rows_* statement gives the whole content of one kind in a generation, or (with `ids`, or `names` and
-- `entities`) the part that hangs on some documents, names or entities. NULL means: everything. Columns are those of
-- the rows of cypher/ingest/put_*.cypher.

-- name: lock
-- One projector at a time, for the life of the session. Taken before the snapshot: a snapshot from before the wait
-- would write old state over what the other projector wrote.
select pg_advisory_lock(hashtext('kgqa.project'))

-- name: unlock
select pg_advisory_unlock(hashtext('kgqa.project'))

-- name: snapshot
-- All reads of a batch see one state of the record.
set transaction isolation level repeatable read

-- name: read_whole
-- The rows of a cursor are all fetched: plan for the last row, not for the first.
set local cursor_tuple_fraction = 1

-- name: generations
-- Generations that have to be in the graph.
select id from index_generation where state <> 'dropped' order by id

-- name: dirty
-- The oldest dirty rows. A row that commits later with a smaller seq is simply seen later: rows are settled by seq.
select seq, generation, kind, key from dirty_key order by seq limit %(limit)s

-- name: settle
delete from dirty_key where seq = any (%(seqs)s::bigint[])

-- name: settle_generation
-- Those of the snapshot: rows marked meanwhile stay.
delete from dirty_key where generation = %(generation)s

-- name: rows_documents
select d.id, d.key, c.name, v.title, v.uri, v.language, d.acl_class
from document d
join collection c on c.id = d.collection_id
join publication p on p.generation = %(generation)s and p.document_id = d.id
join document_version v on v.id = p.version_id
where (%(ids)s::bigint[] is null or d.id = any (%(ids)s::bigint[]))
    and exists (
        select from chunk_index i where i.generation = %(generation)s and i.version_id = p.version_id and i.live)

-- name: rows_chunks
-- The heading is for operators: headings and row key, or the title where there are none.
select i.chunk_id, v.document_id, c.name,
    coalesce(nullif(array_to_string(p.heading_path || p.row_key, ' > '), ''), v.title), i.acl_class
from chunk_index i
join document_version v on v.id = i.version_id
join collection c on c.id = i.collection_id
left join chunk_placement p on p.version_id = i.version_id and p.chunk_id = i.chunk_id
where i.generation = %(generation)s and i.live
    and (%(ids)s::bigint[] is null or v.document_id = any (%(ids)s::bigint[]))

-- name: rows_mentions
-- count: how often the text says the name; 0 where the chunk only stands under it.
select m.chunk_id, m.name_id, count(*) filter (where not m.is_title), bool_or(m.is_title)
from mention m
join name n on n.generation = m.generation and n.id = m.name_id
where m.generation = %(generation)s
    and (%(ids)s::bigint[] is null or m.document_id = any (%(ids)s::bigint[]))
    and exists (select from chunk_index i where i.generation = m.generation and i.chunk_id = m.chunk_id and i.live)
group by m.chunk_id, m.name_id

-- name: rows_claims
select k.id, k.chunk_id, k.predicate, k.subject_name, k.object_name, k.acl_class
from claim k
join name s on s.generation = k.generation and s.id = k.subject_name
join name o on o.generation = k.generation and o.id = k.object_name
where k.generation = %(generation)s and k.live
    and (%(ids)s::bigint[] is null or k.document_id = any (%(ids)s::bigint[]))
    and exists (select from chunk_index i where i.generation = k.generation and i.chunk_id = k.chunk_id and i.live)

-- name: rows_names
select n.id, c.name, n.norm
from name n
join collection c on c.id = n.collection_id
where n.generation = %(generation)s and (%(ids)s::bigint[] is null or n.id = any (%(ids)s::bigint[]))

-- name: rows_entities
-- Display name and type: most frequent surface of the best supported alias, over all classes (for operators).
select e.id, c.name, coalesce(best.surface, ''), coalesce(best.type, '')
from entity e
join collection c on c.id = e.collection_id
left join lateral (
    select a.type, coalesce(s.surface, a.norm) as surface
    from alias a
    left join alias_support s on s.generation = a.generation and s.alias_id = a.id
    where a.generation = e.generation and a.entity_id = e.id
    group by a.id, a.type, a.norm, s.surface
    order by coalesce(sum(sum(s.mentions)) over (partition by a.id), 0) desc, a.id,
        coalesce(sum(s.mentions), 0) desc, surface
    limit 1
) best on true
where e.generation = %(generation)s and (%(ids)s::bigint[] is null or e.id = any (%(ids)s::bigint[]))

-- name: rows_references
select a.name_id, a.entity_id,
    array_agg(distinct case a.signature when '' then a.type else a.type || ': ' || a.signature end)
from alias a
join name n on n.generation = a.generation and n.id = a.name_id
join entity e on e.generation = a.generation and e.id = a.entity_id
where a.generation = %(generation)s
    and (%(names)s::bigint[] is null
        or a.name_id = any (%(names)s::bigint[]) or a.entity_id = any (%(entities)s::bigint[]))
group by a.name_id, a.entity_id

-- name: rows_relations
select r.id, r.subject_entity, r.predicate, r.object_entity, array_agg(s.claim_id order by s.claim_id)
from relation r
join relation_support s on s.generation = r.generation and s.relation_id = r.id
where r.generation = %(generation)s
    and (%(entities)s::bigint[] is null
        or r.subject_entity = any (%(entities)s::bigint[]) or r.object_entity = any (%(entities)s::bigint[]))
group by r.id, r.subject_entity, r.predicate, r.object_entity
