-- name: hide
-- Published versions of some documents, in every generation, that are not hidden yet; which documents.
with hidden as (
    insert into hidden_version (version_id, document_id)
    select p.version_id, d.id
    from document d join publication p on p.document_id = d.id
    where d.collection_id = %(collection)s and d.key = any(%(keys)s::text[])
    order by p.version_id
    on conflict do nothing
    returning document_id
)
select distinct document_id from hidden;

-- name: hidden_keys
-- Documents that are hidden and still there.
select distinct d.key
from hidden_version h join document d on d.id = h.document_id join publication p on p.version_id = h.version_id
where d.collection_id = %(collection)s
order by d.key;

-- name: forget_removed
delete from hidden_version h where not exists (select from document_version v where v.id = h.version_id);
