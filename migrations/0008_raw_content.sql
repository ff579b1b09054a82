-- The bytes of documents, kept once in a collection however many documents, versions and generations have them.
create table raw_content (
    id bigint generated always as identity primary key,
    collection_id int not null references collection on delete cascade,
    -- SHA-256 of the bytes
    hash bytea not null,
    data bytea not null,
    unique (collection_id, hash)
);

insert into raw_content (collection_id, hash, data)
select distinct on (d.collection_id, sha256(v.raw)) d.collection_id, sha256(v.raw), v.raw
from document_version v join document d on d.id = v.document_id where v.raw <> ''
order by d.collection_id, sha256(v.raw);

-- null: no bytes are kept (a document that is masked)
alter table document_version add column raw_content_id bigint references raw_content;
update document_version v set raw_content_id = c.id
from document d, raw_content c
where d.id = v.document_id and c.collection_id = d.collection_id and v.raw <> '' and c.hash = sha256(v.raw);
alter table document_version drop column raw;
create index document_version_raw_content on document_version (raw_content_id) where raw_content_id is not null;

-- Bytes go with the last version that has them, whatever deletes it. Bytes that somebody is about to use are locked
-- (stage.sql) and stay; if nobody uses them in the end, maintenance drops them.
create function drop_unused_raw_content() returns trigger language plpgsql as $$
begin
    delete from raw_content where id in (
        select c.id from raw_content c
        where c.id in (select raw_content_id from gone)
            and not exists (select from document_version v where v.raw_content_id = c.id)
        for update skip locked);
    return null;
end
$$;
create trigger drop_unused_raw_content after delete on document_version
    referencing old table as gone for each statement execute function drop_unused_raw_content();

grant select, insert, update, delete on raw_content to kgqa_pipeline;
