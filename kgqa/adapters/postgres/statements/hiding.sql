-- name: hide
select hide_documents(%(collection)s, %(keys)s::text[]);

-- name: hidden_keys
-- Documents that are hidden and still there. One that an unfinished run has staged since then is replaced by that run.
select distinct d.key
from hidden_version h join document d on d.id = h.document_id join publication p on p.version_id = h.version_id
where d.collection_id = %(collection)s and not exists (
    select from document_version v join ingest_run r on r.id = v.run_id
    where v.document_id = h.document_id and v.created_at >= h.hidden_at and r.state = 'open')
order by d.key;

-- name: forget_removed
delete from hidden_version h where not exists (select from document_version v where v.id = h.version_id);
