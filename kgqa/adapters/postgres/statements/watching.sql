-- name: watched
-- Files that the watch has read, and documents that a batch ingest has read from the same folder; `below`: only those
-- at or below these paths.
with known as (
    select w.key, w.path, w.size, w.modified_ns, w.principals
    from watched_file w join source s on s.id = w.source_id
    where s.collection_id = %(collection)s and s.uri = %(uri)s
    union all
    select d.key, ''::bytea, -1, -1, '{}'::text[]
    from current_document d join document_version v on v.id = d.current_version
    where d.collection_id = %(collection)s and starts_with(v.uri, %(uri)s || '/')
        and not exists (select from hidden_version h where h.version_id = v.id) and not exists (
        select from watched_file w join source s on s.id = w.source_id
        where s.collection_id = d.collection_id and s.uri = %(uri)s and w.key = d.key)
)
select w.key, w.path, w.size, w.modified_ns, w.principals from known w
where %(below)s::text[] is null or exists (
    select from unnest(%(below)s::text[]) as n (name) where w.key = n.name or starts_with(w.key, n.name || '/'));

-- name: watch
insert into watched_file (source_id, key, path, size, modified_ns, principals)
select s.id, n.key, n.path, n.size, n.modified_ns, array(select jsonb_array_elements_text(n.principals))
from source s, rows from (
    unnest(%(keys)s::text[]), unnest(%(paths)s::bytea[]), unnest(%(sizes)s::bigint[]), unnest(%(times)s::bigint[]),
    jsonb_array_elements(%(principals)s::jsonb)
) as n (key, path, size, modified_ns, principals)
where s.collection_id = %(collection)s and s.uri = %(uri)s
order by n.key
on conflict (source_id, key) do update set
    path = excluded.path, size = excluded.size, modified_ns = excluded.modified_ns, principals = excluded.principals;

-- name: unwatch
delete from watched_file w using source s
where s.id = w.source_id and s.collection_id = %(collection)s and s.uri = %(uri)s and w.key = any(%(keys)s::text[]);
