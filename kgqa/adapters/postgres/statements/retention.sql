-- What is too old to keep (role kgqa_owner: no service role may delete conversations or audit events), and the
-- planner's statistics. Parameter `days`: the age from which something goes.

-- name: drop_jobs
-- That have ended. A key that is used again afterwards is a new job.
delete from job
where state in ('done', 'failed', 'dead', 'cancelled') and updated_at < now() - make_interval(days => %(days)s);

-- name: drop_conversations
-- In which nothing was said for so long, with their messages and what was thought of those.
delete from conversation c
where c.created_at < now() - make_interval(days => %(days)s) and not exists (
    select from message m where m.conversation_id = c.id and m.created_at >= now() - make_interval(days => %(days)s));

-- name: drop_audit_events
delete from audit_event where at < now() - make_interval(days => %(days)s);

-- name: abandon_runs
-- Unfinished runs under which nothing was staged for so long. One that is being staged or published now is locked, and
-- passed over.
with untouched as (
    select r.id from ingest_run r
    where r.state = 'open' and r.created_at < now() - make_interval(days => %(days)s) and not exists (
        select from document_version v
        where v.run_id = r.id and v.created_at >= now() - make_interval(days => %(days)s))
    for update skip locked
)
update ingest_run set state = 'abandoned' where id in (select id from untouched);

-- name: collections_of_abandoned
-- In which abandoned runs have left something.
select distinct r.collection_id from ingest_run r
where r.state = 'abandoned' and r.created_at < now() - make_interval(days => %(days)s) and (
    exists (select from document_version v where v.run_id = r.id)
    or exists (select from staged_deletion s where s.run_id = r.id))
order by 1;

-- name: drop_staged_versions
-- With all that hangs on them; nobody has read any of it.
delete from document_version v using ingest_run r
where r.id = v.run_id and r.collection_id = %(collection)s and r.state = 'abandoned'
    and r.created_at < now() - make_interval(days => %(days)s);

-- name: drop_staged_deletions
delete from staged_deletion s using ingest_run r
where r.id = s.run_id and r.collection_id = %(collection)s and r.state = 'abandoned'
    and r.created_at < now() - make_interval(days => %(days)s);

-- name: drop_staged_documents
-- Of which no run has a version any more.
delete from document d
where d.collection_id = %(collection)s and not exists (select from document_version v where v.document_id = d.id);

-- name: drop_staged_chunks
-- That stand in no version any more.
delete from chunk c
where c.collection_id = %(collection)s and not exists (select from chunk_placement p where p.chunk_id = c.id);

-- name: drop_unused_raw_content
-- Bytes that somebody was about to use when their last version went, and then did not.
delete from raw_content where id in (
    select c.id from raw_content c
    where not exists (select from document_version v where v.raw_content_id = c.id)
    for update skip locked);

-- name: drop_runs
-- That have ended, with their reports. A run stays while a version or a batch of a stream names it: dropping a generation
-- finds its versions by their runs, and the batches are what makes a stream take effect once.
delete from ingest_run r
where r.state in ('published', 'abandoned')
    and coalesce(r.published_at, r.created_at) < now() - make_interval(days => %(days)s)
    and not exists (select from document_version v where v.run_id = r.id)
    and not exists (select from ingest_batch b where b.run_id = r.id);

-- name: own_tables
-- Tables by name; of a partitioned one the whole, which autovacuum never looks at.
select c.relname from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    and pg_get_userbyid(c.relowner) = current_user
order by c.relname;
