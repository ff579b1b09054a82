-- name: lock
-- One publisher per collection; the key is the collection.
select pg_advisory_xact_lock(7301, %(collection)s);

-- name: lock_shared
-- Staging may not run while somebody publishes: publishing drops chunks that nothing stands on.
select pg_advisory_xact_lock_shared(7301, %(collection)s);

-- name: run
select r.collection_id, r.generation, r.state, r.report, c.name
from ingest_run r join collection c on c.id = r.collection_id where r.id = %(run)s for update of r;

-- name: hold_generation
-- Before any other lock: whoever makes another generation active waits for this, or this for them.
select g.state from index_generation g where g.id = (select generation from ingest_run where id = %(run)s) for share;

-- name: make_temporary_tables
-- moved: what the run puts and deletes. version_change: versions that become live (1) or stop being live (-1).
create temp table moved (document_id bigint primary key, old_version bigint, new_version bigint) on commit drop;
create temp table version_change (
    version_id bigint primary key, document_id bigint not null, acl_class int not null, change int not null
) on commit drop;
create temp table sense_change (
    name_id bigint, acl_class int, type text, signature text, documents int, heading_documents int
) on commit drop;
create temp table entry_before (
    reader int, name_id bigint, is_name boolean, type text
) on commit drop;
create temp table lost_name (name_id bigint primary key, norm text) on commit drop;
create temp table changed_name (reader int, name_id bigint, norm text) on commit drop;
create temp table touched_alias (id bigint primary key, component_id bigint, entity_id bigint, name_id bigint)
    on commit drop;
create temp table touched_relation (id bigint primary key) on commit drop;
create temp table written (document_id bigint primary key) on commit drop;
create temp table old_stated (left_alias bigint, right_alias bigint) on commit drop;
create temp table found_alias (id bigint, name_id bigint, norm text, type text, signature text) on commit drop;
create temp table near_again (document_id bigint primary key) on commit drop;
create temp table claim_sense (id bigint, version_id bigint, subject_alias bigint, object_alias bigint)
    on commit drop;

-- name: find_moved
insert into moved
select n.document_id, p.version_id, n.new_version
from (
    select document_id, id as new_version from document_version where run_id = %(run)s
    union all select document_id, null from staged_deletion where run_id = %(run)s
) as n left join publication p on p.generation = %(generation)s and p.document_id = n.document_id;

-- name: other_generations
-- That have a document of this run, if the run is of the active generation.
select distinct p.generation
from index_generation g join publication p on p.generation <> g.id
where g.id = %(generation)s and g.state = 'active' and p.document_id in (select document_id from moved)
order by 1;

-- name: forget_temporary_tables
discard temp;

-- name: find_withdrawn
-- The documents of this run leave another generation.
insert into moved
select p.document_id, p.version_id, null
from publication p
where p.generation = %(generation)s and p.document_id = any(%(documents)s::bigint[]);

-- name: drop_staged_elsewhere
-- What is being built beside the active generation of documents that this run changes.
delete from document_version v using moved m, ingest_run r
where v.document_id = m.document_id and r.id = v.run_id and r.state = 'open' and r.generation <> %(generation)s
    and exists (select from index_generation g where g.id = %(generation)s and g.state = 'active');

-- name: moved_documents
select document_id from moved order by document_id;

-- name: find_losing
-- Old versions that were live.
insert into version_change
select v.id, v.document_id, v.acl_class, -1
from moved m join document_version v on v.id = m.old_version where v.outcome = 'indexed';

-- name: elect_originals
-- Of all documents of one text and class the first by id is indexed; the others answer through it. Those whose part
-- changes are written to version_change, and every member of a touched group to its new part.
with touched as (
    select distinct v.text_hash, v.acl_class
    from (select old_version as id from moved union all select new_version from moved) as m
    join document_version v on v.id = m.id
    where v.outcome in ('indexed', 'duplicate')
), member as (
    select v.id, v.document_id, v.acl_class, v.outcome, p.version_id as current_version,
        first_value(v.document_id) over (partition by v.text_hash, v.acl_class order by v.document_id) as original
    from touched t
    join document_version v on v.text_hash = t.text_hash and v.acl_class = t.acl_class
    join document d on d.id = v.document_id and d.collection_id = %(collection)s
    left join publication p on p.generation = %(generation)s and p.document_id = d.id
    left join moved m on m.document_id = d.id
    where v.outcome in ('indexed', 'duplicate')
        and v.id = case when m.document_id is null then p.version_id else m.new_version end
), changed as (
    insert into version_change
    select id, document_id, acl_class, case when original = document_id then 1 else -1 end
    from member
    where (original = document_id) <> (id is not distinct from current_version and outcome = 'indexed')
)
update document_version v set
    outcome = case when m.original = m.document_id then 'indexed' else 'duplicate' end,
    duplicate_of = nullif(m.original, m.document_id),
    reason = case when m.original = m.document_id then '' else 'The same text as ' || o.key || '.' end
from member m join document o on o.id = m.original
where v.id = m.id and (v.duplicate_of is distinct from nullif(m.original, m.document_id) or v.outcome = 'duplicate');

-- name: remember_old_aliases
-- Aliases and relations that documents of this change stood for, before their rows go.
insert into touched_alias
select distinct a.id, a.component_id, a.entity_id, a.name_id
from alias_support s join alias a on a.generation = s.generation and a.id = s.alias_id
where s.generation = %(generation)s and s.document_id in (
    select document_id from moved union select document_id from version_change
    union select unnest(%(documents)s::bigint[]))
on conflict do nothing;

-- name: remember_old_relations
insert into touched_relation
select distinct s.relation_id
from claim c join relation_support s on s.generation = c.generation and s.claim_id = c.id
where c.generation = %(generation)s and c.document_id in (
    select document_id from moved union select document_id from version_change
    union select unnest(%(documents)s::bigint[]))
on conflict do nothing;

-- name: count_corpus
-- Live chunks, and live translations of chunks, by language and class.
insert into corpus_statistics (generation, collection_id, language, acl_class, chunks, translations)
select i.generation, i.collection_id, t.language, i.acl_class, sum(c.change * t.chunks), sum(c.change * t.translations)
from version_change c join chunk_index i on i.version_id = c.version_id and i.generation = %(generation)s
cross join lateral (
    values (i.language, 1, 0), (i.translation_language, 0, 1)) as t (language, chunks, translations)
where t.language is not null
group by 1, 2, 3, 4
on conflict (generation, collection_id, language, acl_class) do update set
    chunks = corpus_statistics.chunks + excluded.chunks,
    translations = corpus_statistics.translations + excluded.translations;

-- name: count_terms
-- Document frequencies: a chunk counts in its language, and by its translation in that of the translation.
insert into term_statistics (generation, collection_id, term, language, acl_class, df)
select i.generation, i.collection_id, t.term, l.language, i.acl_class, sum(c.change)
from version_change c join chunk_index i on i.version_id = c.version_id and i.generation = %(generation)s
cross join lateral (values (i.language, i.terms), (i.translation_language, i.translation_terms)) as l (language, terms),
    unnest(l.terms) as t (term)
group by 1, 2, 3, 4, 5 having sum(c.change) <> 0
on conflict (generation, collection_id, term, language, acl_class)
    do update set df = term_statistics.df + excluded.df;

-- name: forget_corpus
delete from corpus_statistics
where generation = %(generation)s and collection_id = %(collection)s and chunks = 0 and translations = 0;

-- name: forget_terms
delete from term_statistics where generation = %(generation)s and collection_id = %(collection)s and df = 0;

-- name: remember_marked
-- Documents marked as near duplicates of one that changes, before it goes.
insert into near_again
select v.document_id
from document_version v join publication d on d.generation = %(generation)s and d.version_id = v.id
where v.near_duplicate_of in (select document_id from moved union select document_id from version_change)
on conflict do nothing;

-- name: find_unmarked
-- Documents whose mark has to be found anew: those, and the ones that became live.
select w.document_id from (
    select document_id from near_again union select document_id from version_change where change = 1
) as w join publication d on d.generation = %(generation)s and d.document_id = w.document_id
join document_version v on v.id = d.version_id
where v.outcome = 'indexed' and v.minhash <> '';

-- name: unmark
-- Marks of documents that now answer through another.
update document_version v set near_duplicate_of = null from version_change c
where v.id = c.version_id and c.change = -1 and v.near_duplicate_of is not null;

-- name: signatures
-- Of all live documents of the collection.
select v.acl_class, v.document_id, v.near_duplicate_of, v.minhash
from publication p join document_version v on v.id = p.version_id join document d on d.id = p.document_id
where p.generation = %(generation)s and d.collection_id = %(collection)s and v.outcome = 'indexed'
    and v.minhash <> '';

-- name: like_signatures
-- Of some live documents and those that may be near them: they have a piece of the signature in common.
with pieces as materialized (
    select array(
        select unnest(minhash_bands(v.minhash))
        from publication p join document_version v on v.id = p.version_id
        where p.generation = %(generation)s and p.document_id = any(%(documents)s::bigint[])) as bands
)
select v.acl_class, v.document_id, v.near_duplicate_of, v.minhash
from document_version v join publication p on p.generation = %(generation)s and p.version_id = v.id
join document d on d.id = v.document_id
where d.collection_id = %(collection)s and v.outcome = 'indexed' and v.minhash <> ''
    and minhash_bands(v.minhash) && (select bands from pieces);

-- name: mark
update document_version v set near_duplicate_of = n.original
from unnest(%(documents)s::bigint[], %(originals)s::bigint[]) as n (document_id, original)
join publication p on p.generation = %(generation)s and p.document_id = n.document_id
where v.id = p.version_id and v.near_duplicate_of is distinct from n.original;

-- name: withdraw
delete from publication p using moved m
where p.generation = %(generation)s and p.document_id = m.document_id and m.new_version is null;

-- name: point_to_new_versions
insert into publication (generation, document_id, version_id)
select %(generation)s, document_id, new_version from moved where new_version is not null
on conflict (document_id, generation) do update set version_id = excluded.version_id;

-- name: move_documents
-- Whoever put a document last, has it: the source of this run, or none. A generation that is being built changes no
-- document: it is as visible as the active one says.
update document d set acl_class = v.acl_class, source_id = r.source_id
from moved m join ingest_run r on r.id = %(run)s join document_version v on v.id = m.new_version
where d.id = m.document_id and exists (
    select from index_generation g where g.id = %(generation)s and g.state = 'active');

-- name: move_chunks_to_class
update chunk c set acl_class = d.acl_class
from moved m join document d on d.id = m.document_id
where c.document_id = m.document_id and c.acl_class <> d.acl_class;

-- name: drop_old_versions
delete from document_version where id in (select old_version from moved);

-- name: drop_alias_support
-- Of deleted documents and of new duplicates; documents that are annotated again are done there.
delete from alias_support where generation = %(generation)s and document_id in (
    select document_id from moved union select document_id from version_change);

-- name: drop_mentions
delete from mention where generation = %(generation)s and document_id in (
    select document_id from moved union select document_id from version_change);

-- name: drop_unused_secrets
-- Masked values that no version holds any more.
delete from pii_vault s
where s.collection_id = %(collection)s
    and not exists (select from pii_use u where u.collection_id = s.collection_id and u.token = s.token);

-- name: forget_in_reports
-- What earlier runs said about documents that are deleted.
with gone as (
    select d.key, 'The same text as ' || d.key || '.' as same
    from moved m join document d on d.id = m.document_id where m.new_version is null
)
update ingest_run r set report = jsonb_set(r.report, '{reasons}', coalesce((
    select jsonb_agg(e.reason order by e.place)
    from jsonb_array_elements(r.report -> 'reasons') with ordinality as e (reason, place)
    where e.reason ->> 0 not in (select key from gone) and e.reason ->> 1 not in (select same from gone)), '[]'))
where r.collection_id = %(collection)s and jsonb_array_length(r.report -> 'reasons') > 0 and exists (
    select from jsonb_array_elements(r.report -> 'reasons') as e (reason)
    where e.reason ->> 0 in (select key from gone) or e.reason ->> 1 in (select same from gone));

-- name: forget_in_jobs
-- What jobs that have ended say about documents that are deleted.
update job j set payload = j.payload - '{key,target,content,metadata}'::text[], error = null, progress = '{}'
from moved m join document d on d.id = m.document_id join collection c on c.id = d.collection_id
where m.new_version is null and j.payload ->> 'target' = c.name || '/' || d.key
    and j.state not in ('queued', 'running');

-- name: drop_documents
-- Deleted ones; one that another generation has, or another run is staging, stays.
delete from document d using moved m
where d.id = m.document_id and m.new_version is null
    and not exists (select from document_version v where v.document_id = d.id);

-- name: drop_chunks
-- That stood only in versions that are gone.
delete from chunk c using moved m
where c.document_id = m.document_id
    and not exists (select from chunk_placement p where p.chunk_id = c.id);

-- name: switch_chunk_index
update chunk_index i set live = c.change = 1 from version_change c
where i.version_id = c.version_id and i.generation = %(generation)s and i.live <> (c.change = 1);

-- name: switch_sentence
update sentence i set live = c.change = 1 from version_change c
where i.version_id = c.version_id and i.generation = %(generation)s and i.live <> (c.change = 1);

-- name: switch_name_support
update name_support i set live = c.change = 1 from version_change c
where i.version_id = c.version_id and i.generation = %(generation)s and i.live <> (c.change = 1);

-- name: switch_equivalence
update equivalence i set live = c.change = 1 from version_change c
where i.version_id = c.version_id and i.generation = %(generation)s and i.live <> (c.change = 1);

-- name: switch_claim
update claim i set live = c.change = 1, subject_alias = null, object_alias = null from version_change c
where i.version_id = c.version_id and i.generation = %(generation)s and i.live <> (c.change = 1);

-- name: activated
-- Documents whose mentions have to be computed because they became live.
select document_id from version_change where change = 1 order by document_id;

-- name: mark_documents
insert into dirty_key (generation, kind, key)
select %(generation)s, 'document', document_id from (
    select document_id from moved union select document_id from version_change union select document_id from written
) as d order by document_id;

-- name: finish_run
update ingest_run set state = 'published', published_at = now(), report = %(report)s where id = %(run)s;

-- name: move_names_version
update collection set names_version = names_version + 1 where id = %(collection)s;

-- name: forget_staged_deletions
delete from staged_deletion where run_id = %(run)s;

-- name: analyse
-- A big change leaves the planner's statistics far behind.
analyze moved, version_change;

-- name: analyse_documents
-- After a big change; autovacuum would come a minute late.
analyze document, document_version, chunk, chunk_placement, chunk_translation, chunk_index, sentence, name,
    name_support, name_sense, claim, equivalence;

-- name: analyse_names
analyze mention, alias, alias_support, alias_key, entity, relation, relation_support, resolution_decision;

-- name: outcomes
-- What became of the run's documents.
select v.outcome, d.key, v.reason
from moved m join document d on d.id = m.document_id join document_version v on v.id = m.new_version
order by d.key;

-- name: count_moved
-- Deleted documents that had been published, and chunks that the run added.
select
    (select count(*) from moved where new_version is null and old_version is not null),
    (select count(*) from version_change c join chunk_placement p on p.version_id = c.version_id where c.change = 1)
