-- Generations as kgqa_owner makes, flips and drops them.

-- name: lock
-- One at a time.
select pg_advisory_xact_lock(hashtext('kgqa.generations'));

-- name: building
select id, options, dimensions from index_generation where state = 'building' order by id desc limit 1;

-- name: create
select create_generation(%(options)s, %(dimensions)s, 'building');

-- name: reopen
-- A retired one may be written again, to be brought up to the active one.
update index_generation set state = 'building' where id = %(generation)s and state = 'retired';

-- name: states
select id, state from index_generation order by id;

-- name: pause
-- Every publisher holds the row of its generation until it commits: this waits for those under way in the active one,
-- and lets no other begin.
select id from index_generation where state = 'active' for no key update;

-- name: difference
-- Documents that one of two generations has and the other has not.
select count(*) from (
    (select id from current_document except select document_id from publication where generation = %(generation)s)
    union all
    (select document_id from publication where generation = %(generation)s except select id from current_document)
) as differing;

-- name: unresolved
-- Names that wait to become entities.
select count(*) from alias where generation = %(generation)s and component_id is null;

-- name: unprojected
select count(*) from dirty_key where generation = %(generation)s;

-- name: retire
update index_generation set state = 'retired' where state = 'active';

-- name: activate
update index_generation set state = 'active', activated_at = now() where id = %(generation)s;

-- name: move_names_versions
-- Caches of what depends on the names of a collection are of the generation that was.
update collection set names_version = names_version + 1;

-- name: forget_publication
delete from publication where generation = %(generation)s;

-- name: abandon_runs
update ingest_run set state = 'abandoned' where generation = %(generation)s and state = 'open';

-- name: set_dropped
update index_generation set state = 'dropped' where id = %(generation)s;

-- name: drop_versions
delete from document_version v using ingest_run r where r.id = v.run_id and r.generation = %(generation)s;

-- name: drop_corpus_statistics
delete from corpus_statistics where generation = %(generation)s;

-- name: drop_term_statistics
delete from term_statistics where generation = %(generation)s;

-- name: drop_redirects
delete from entity_redirect where generation = %(generation)s;

-- name: drop_decisions
delete from resolution_decision where generation = %(generation)s;

-- name: drop_dirty_keys
delete from dirty_key where generation = %(generation)s;

-- name: drop_chunks
-- That no version of any generation has.
delete from chunk c where not exists (select from chunk_placement p where p.chunk_id = c.id);

-- name: drop_secrets
delete from pii_vault s where not exists (
    select from pii_use u where u.collection_id = s.collection_id and u.token = s.token);

-- name: partitions
select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
where c.relname ~ ('_g' || %(generation)s::text || '$') order by c.relname;

-- name: collections
select id from collection order by id;

-- name: lock_collection
-- As publishers do.
select pg_advisory_xact_lock(7301, %(collection)s);
