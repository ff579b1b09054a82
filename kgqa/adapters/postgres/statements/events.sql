-- name: is_applied
select true from ingest_batch
where query_id = %(query)s and batch_id = %(batch)s and collection_id = %(collection)s;

-- name: registers
-- By key the versions that were applied, who may read the document, and whether it is there.
select n.key, coalesce(e.content_version, -1), coalesce(e.access_version, -1),
    coalesce(a.principals, e.principals, '{}'),
    d.current_version is not null
from unnest(%(keys)s::text[]) as n (key)
left join event_version e on e.collection_id = %(collection)s and e.key = n.key
left join current_document d on d.collection_id = %(collection)s and d.key = n.key
    and not exists (select from hidden_version h where h.version_id = d.current_version)
left join acl_class a on a.id = d.acl_class
where e.key is not null or d.current_version is not null;

-- name: move_registers
-- Versions only rise; a row that is at or above them already was moved by somebody else meanwhile.
insert into event_version as e (collection_id, key, content_version, access_version, principals)
select %(collection)s, n.key, n.content, n.access, array(select jsonb_array_elements_text(n.principals))
from rows from (
    unnest(%(keys)s::text[]), unnest(%(contents)s::bigint[]), unnest(%(accesses)s::bigint[]),
    jsonb_array_elements(%(principals)s::jsonb)
) as n (key, content, access, principals)
order by n.key
on conflict (collection_id, key) do update set
    content_version = excluded.content_version, access_version = excluded.access_version,
    principals = excluded.principals
where e.content_version <= excluded.content_version and e.access_version <= excluded.access_version
    and (e.content_version, e.access_version) <> (excluded.content_version, excluded.access_version);

-- name: add_batch
insert into ingest_batch (query_id, batch_id, collection_id, run_id, outcomes, lag_seconds)
values (%(query)s, %(batch)s, %(collection)s, %(run)s, %(outcomes)s, %(lag)s);

-- name: drop_batches
-- Only the last batch of a query is ever tried again; some more stay for a person to look at.
delete from ingest_batch
where query_id = %(query)s and collection_id = %(collection)s and batch_id < %(batch)s - 100;

-- name: add_totals
insert into stream_total as t (stream, outcome, events, lag_seconds)
select %(stream)s, o.key, o.value::bigint, %(lag)s
from jsonb_each_text(%(outcomes)s::jsonb) as o order by o.key
on conflict (stream, outcome) do update set events = t.events + excluded.events, lag_seconds = excluded.lag_seconds;

-- name: totals
select stream, outcome, events, lag_seconds from stream_total;

-- name: drop_other_versions
-- What an interrupted try of this batch staged and this one does not want.
delete from document_version v using document d
where v.run_id = %(run)s and d.id = v.document_id and d.key <> all(%(keys)s::text[]);

-- name: forget_deletions
delete from staged_deletion where run_id = %(run)s;

-- name: failed
-- Staged documents that could not be read.
select d.key, v.reason from document_version v join document d on d.id = v.document_id
where v.run_id = %(run)s and v.outcome = 'failed' order by d.key;

-- name: sent
-- Which of these messages are in a dead-letter topic already.
select n.topic_partition, n.topic_offset
from unnest(%(partitions)s::int[], %(offsets)s::bigint[], %(digests)s::bytea[])
    as n (topic_partition, topic_offset, digest)
join dead_letter l using (topic_partition, topic_offset, digest)
where l.topic = %(topic)s;

-- name: add_sent
insert into dead_letter (topic, topic_partition, topic_offset, digest, reason)
select %(topic)s, * from unnest(%(partitions)s::int[], %(offsets)s::bigint[], %(digests)s::bytea[], %(reasons)s::text[])
on conflict do nothing;

-- name: last_batch
select max(batch_id) from ingest_batch where query_id = %(query)s;
