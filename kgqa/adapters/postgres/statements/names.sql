-- name: count_changes
-- By how much the supports of each sense of each name change.
insert into sense_change
select name_id, acl_class, type, signature,
    sum(change) filter (where not is_heading), sum(change) filter (where is_heading)
from (
    select distinct s.name_id, s.acl_class, s.type, s.signature, s.source = 'heading' as is_heading, s.document_id,
        c.version_id, c.change
    from version_change c join name_support s on s.version_id = c.version_id and s.generation = %(generation)s
) as supports
group by 1, 2, 3, 4
having sum(change) filter (where not is_heading) <> 0 or sum(change) filter (where is_heading) <> 0;

-- name: index_changes
create index on sense_change (name_id);
analyze sense_change;

-- name: remember_entries
-- The gazetteer entries of touched names as each class of the collection reads them, before the change.
insert into entry_before
select reader, name_id, is_name, type from gazetteer_entries(
    %(generation)s, array(select distinct name_id from sense_change),
    array(select acl_class from corpus_statistics where generation = %(generation)s and collection_id = %(collection)s));

-- name: add_senses
insert into name_sense (generation, name_id, acl_class, type, signature, documents, heading_documents)
select %(generation)s, name_id, acl_class, type, signature, coalesce(documents, 0), coalesce(heading_documents, 0)
from sense_change
on conflict (generation, name_id, acl_class, type, signature) do update set
    documents = name_sense.documents + excluded.documents,
    heading_documents = name_sense.heading_documents + excluded.heading_documents;

-- name: drop_senses
delete from name_sense s using sense_change c
where s.generation = %(generation)s and s.name_id = c.name_id and s.documents = 0 and s.heading_documents = 0;

-- name: drop_names
delete from name n using (select distinct name_id from sense_change) as c
where n.generation = %(generation)s and n.id = c.name_id
    and not exists (select from name_sense s where s.generation = n.generation and s.name_id = n.id)
returning n.id;

-- name: new_names
select distinct on (s.name_id) s.name_id, s.norm
from version_change c join name_support s on s.version_id = c.version_id and s.generation = %(generation)s
where c.change = 1
    and not exists (select from name n where n.generation = %(generation)s and n.id = s.name_id);

-- name: make_name
create temp table if not exists new_name (like name) on commit drop;

-- name: copy_name
copy new_name (generation, id, collection_id, norm, tokens, first_token) from stdin with (format binary);

-- name: add_name
with row as (delete from new_name returning *)
insert into name select * from row;

-- name: find_changed
-- Names whose entry differs for the readers of a class: what those readers' chunks say may differ.
insert into changed_name
select e.reader, e.name_id, coalesce(n.norm, s.norm)
from (
    select coalesce(b.reader, a.reader) as reader, coalesce(b.name_id, a.name_id) as name_id
    from entry_before b full join gazetteer_entries(
        %(generation)s, array(select distinct name_id from sense_change),
        array(select acl_class from corpus_statistics where generation = %(generation)s and collection_id = %(collection)s)
    ) as a on a.reader = b.reader and a.name_id = b.name_id
    where (b.is_name, b.type) is distinct from (a.is_name, a.type)
        and (coalesce(b.is_name, false) or coalesce(a.is_name, false))
) as e
left join name n on n.generation = %(generation)s and n.id = e.name_id
left join lost_name s on s.name_id = e.name_id;

-- name: remember_norms
-- Normal forms of touched names that may be about to go.
insert into lost_name select distinct n.id, n.norm
from name n join sense_change c on c.name_id = n.id where n.generation = %(generation)s;

-- name: changed
select reader, norm from changed_name order by reader, norm;

-- name: languages
-- Languages of the live chunks of each class.
select acl_class, language, chunks from corpus_statistics
where generation = %(generation)s and collection_id = %(collection)s and chunks > 0 order by 1, 2;

-- name: candidate_chunks
-- Live chunks, of documents that this change leaves as they are, that hold all terms of a changed name.
select distinct i.chunk_id
from unnest(%(classes)s::int[], %(languages)s::text[], %(terms)s::text[]) as q (acl_class, language, terms)
join chunk_index i on i.generation = %(generation)s and i.live and i.collection_id = %(collection)s
    and i.acl_class = q.acl_class and i.language = q.language and i.terms @> q.terms::int[]
where not exists (select from version_change v where v.version_id = i.version_id);

-- name: chunks_of_classes
-- All of them: for names whose terms say nothing.
select i.chunk_id from chunk_index i
where i.generation = %(generation)s and i.live and i.collection_id = %(collection)s
    and i.acl_class = any(%(classes)s::int[])
    and not exists (select from version_change v where v.version_id = i.version_id);

-- name: chunk_texts
-- What the matcher needs to decide whether a candidate really holds a changed name.
select c.document_id, c.acl_class, c.text, p.heading_path, p.row_key, v.title
from chunk c join chunk_placement p on p.chunk_id = c.id
join publication d on d.generation = %(generation)s and d.document_id = c.document_id and d.version_id = p.version_id
join document_version v on v.id = p.version_id
where c.id = any(%(chunks)s::bigint[]);

-- name: stating
-- Documents, which this change leaves as they are, that say of a changed name that it is another's: a dictionary's
-- alias stands for a name that the text itself need not hold.
select e.document_id
from changed_name n join equivalence e on e.generation = %(generation)s and e.left_name = n.name_id
    and e.live and e.acl_class = n.reader
where not exists (select from version_change v where v.version_id = e.version_id)
union
select e.document_id
from changed_name n join equivalence e on e.generation = %(generation)s and e.right_name = n.name_id
    and e.live and e.acl_class = n.reader
where not exists (select from version_change v where v.version_id = e.version_id);

-- name: gazetteer
-- All names as the readers of one class know them.
select n.norm, e.type, e.documents, e.heading_documents
from gazetteer_entries(
    %(generation)s,
    array(select id from name where generation = %(generation)s and collection_id = %(collection)s),
    array[%(reader)s::int]) as e
join name n on n.generation = %(generation)s and n.id = e.name_id;

-- name: gazetteer_of_text
-- Those names that can occur in a text, given as its tokens and as one normal form.
with possible as (
    select id, norm from name
    where generation = %(generation)s and collection_id = %(collection)s
        and first_token = any(%(tokens)s::text[]) and strpos(%(folded)s, norm) > 0
)
select n.norm, e.type, e.documents, e.heading_documents
from gazetteer_entries(%(generation)s, array(select id from possible), array[%(reader)s::int]) as e
join possible n on n.id = e.name_id;
