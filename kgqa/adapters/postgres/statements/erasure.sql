-- Erasing (role kgqa_owner; what only a superuser may do is skipped elsewhere) and looking for what was erased.

-- name: tables
-- Every table and materialised view that holds rows and that we may read, with the columns that can hold text.
-- Numbers, times and vectors cannot. A column is `bytes` or `text`.
select n.nspname, c.relname, array(
    select array[a.attname::text, case when a.atttypid = 'bytea'::regtype then 'bytes' else 'text' end]
    from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_type e on e.oid = t.typelem and t.typcategory = 'A'
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        and coalesce(e.typcategory, t.typcategory) not in ('B', 'N', 'D', 'T', 'G', 'I')
        and coalesce(e.typname, t.typname) not in ('vector', 'halfvec', 'sparsevec', 'uuid', 'tid', 'xid', 'pg_lsn', 'char')
    order by a.attnum)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where (c.relkind in ('r', 'm') or c.relname = 'pg_stat_statements')
    and n.nspname not like 'pg\_temp%%' and n.nspname not like 'pg\_toast%%'
    and has_table_privilege(c.oid, 'select') and has_schema_privilege(n.oid, 'usage')
order by n.nspname = 'pg_catalog', n.nspname, c.relname;

-- name: waiting_uploads
-- Documents that jobs still carry, as bytes.
select id, decode(payload ->> 'content', 'base64') from job where payload ? 'content';

-- name: subject_documents
-- Documents, published or staged, one version of which has a spelling of the subject.
with pattern as (
    select array(select unnest(%(patterns)s::text[])) as p
), found as (
    select v.document_id, max(v.title) as title,
        bool_or(v.text like any(p) or lower(v.text) like any(p) or lower(normalize(v.text, NFKC)) like any(p)) as in_text,
        bool_or(v.title like any(p) or lower(v.title) like any(p) or lower(normalize(v.title, NFKC)) like any(p)) as in_title,
        bool_or(v.metadata::text like any(p) or lower(v.metadata::text) like any(p)) as in_metadata,
        bool_or(v.uri like any(p) or lower(v.uri) like any(p)) as in_uri,
        coalesce(bool_or(lower(encode(c.data, 'escape')) like any(%(raw)s::text[])), false) as in_raw,
        bool_or(exists (
            select from chunk_translation t
            where t.version_id = v.id and (
                t.text like any(p) or lower(t.text) like any(p) or lower(normalize(t.text, NFKC)) like any(p))
        )) as in_translation
    from document_version v left join raw_content c on c.id = v.raw_content_id, pattern group by v.document_id
)
select c.name, d.key, f.title, array_remove(array[
        case when f.in_text then 'text' end, case when f.in_title then 'title' end,
        case when d.key like any(p) or lower(d.key) like any(p) or lower(normalize(d.key, NFKC)) like any(p) then 'key' end,
        case when f.in_metadata then 'metadata' end, case when f.in_uri then 'uri' end,
        case when f.in_raw then 'raw' end, case when f.in_translation then 'translation' end], null), s.uri
from document d join collection c on c.id = d.collection_id join found f on f.document_id = d.id
left join source s on s.id = d.source_id, pattern
where f.in_text or f.in_title or f.in_metadata or f.in_uri or f.in_raw or f.in_translation
    or d.key like any(p) or lower(d.key) like any(p) or lower(normalize(d.key, NFKC)) like any(p)
order by c.name, d.key;

-- name: cancel_jobs
-- Jobs that have not ended and are about the subject: who works on one loses the lease.
update job set state = 'cancelled', payload = '{}', result = null, error = null, progress = '{}', lease_owner = null,
    lease_until = null, idempotency_key = 'erased:' || id, updated_at = now()
where state in ('queued', 'running') and (
    lower(payload::text) like any(%(patterns)s::text[])
    or payload ? 'content' and lower(encode(decode(payload ->> 'content', 'base64'), 'escape')) like any(%(raw)s::text[]));

-- name: forget_jobs
-- What jobs that have ended say about the subject.
update job set payload = '{}', result = null, error = null, progress = '{}', idempotency_key = 'erased:' || id
where state not in ('queued', 'running') and (
    lower(payload::text) like any(%(patterns)s::text[]) or lower(result::text) like any(%(patterns)s::text[])
    or lower(error) like any(%(patterns)s::text[]) or lower(idempotency_key) like any(%(patterns)s::text[]));

-- name: forget_messages
delete from message where lower(text) like any(%(patterns)s::text[]) or lower(answer::text) like any(%(patterns)s::text[]);

-- name: forget_titles
update conversation set title = '' where lower(title) like any(%(patterns)s::text[]);

-- name: forget_feedback
update feedback set reason = '' where lower(reason) like any(%(patterns)s::text[]);

-- name: forget_events
update audit_event set detail = '{}' where lower(detail::text) like any(%(patterns)s::text[]);

-- name: forget_files
-- A watched folder that still has the file reads it again.
delete from watched_file where lower(key) like any(%(patterns)s::text[]) or lower(encode(path, 'escape')) like any(%(raw)s::text[]);

-- name: forget_versions
-- A topic that still has the event brings the document back.
delete from event_version where lower(key) like any(%(patterns)s::text[]);

-- name: forget_letters
update dead_letter set reason = '' where lower(reason) like any(%(patterns)s::text[]);

-- name: abandon_runs
-- Unfinished runs that staged nothing and deleted nothing have nothing to finish.
update ingest_run r set state = 'abandoned' where state = 'open'
    and not exists (select from document_version v where v.run_id = r.id)
    and not exists (select from staged_deletion s where s.run_id = r.id)
    and r.created_at < now() - interval '1 day';

-- name: own_tables
-- Tables of the record, largest first: rewritten without what was deleted, with all their indexes.
select c.relname from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and pg_get_userbyid(c.relowner) = current_user
order by pg_table_size(c.oid) desc;

-- name: no_recycling
alter system set wal_recycle = off;

-- name: recycling
alter system reset wal_recycle;

-- name: reload
select pg_reload_conf();

-- name: other_segments
-- Segments of the write-ahead log besides the one that is written now: those that wait for their turn, which keep what
-- they held before, and older ones.
select count(*) filter (where name > current), count(*) filter (where name < current)
from pg_ls_waldir(), pg_walfile_name(pg_current_wal_lsn()) as current
where name ~ '^[0-9A-F]{24}$';

-- name: next_segment
-- The rest of the segment is written with zeros. A segment without a record would not be left.
select pg_logical_emit_message(false, 'kgqa', 'next segment'), pg_switch_wal();

-- name: checkpoint
checkpoint;

-- name: statistics
-- Samples of column values that the planner keeps.
vacuum (full) pg_catalog.pg_statistic;

-- name: forget_queries
do $$ begin
    if to_regproc('pg_stat_statements_reset') is not null then
        perform pg_stat_statements_reset();
    end if;
end $$;

-- name: now
select pg_current_xact_id()::text;

-- name: looking_back
-- Sessions that may still see rows which were deleted before a transaction: what they see is not vacuumed away.
select count(*) from pg_stat_activity
where pid <> pg_backend_pid() and datname = current_database()
    and pid not in (select v.pid from pg_stat_progress_vacuum v)
    and age(backend_xmin) > age(%(now)s::text::xid);
