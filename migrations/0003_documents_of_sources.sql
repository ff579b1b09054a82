-- A document knows the source that listed it last, so that a source that is read again can tell which of its documents
-- are gone. Documents of no source (uploads, events) are deleted by name only.
alter table document add column source_id int references source on delete set null;
create index document_source on document (source_id) where source_id is not null;

-- A run is of one source or of none: an interrupted run is resumed by the source that began it.
alter table ingest_run add column source_id int references source on delete set null;

-- What jobs and runs say about a document is found when it is deleted.
create index job_target on job ((payload ->> 'target'));
create index ingest_run_reasons on ingest_run (collection_id) where jsonb_array_length(report -> 'reasons') > 0;

-- Documents that are there already: by where they can be opened; of sources inside each other, the innermost.
update document d set source_id = (
    select s.id from document_version v join source s on s.collection_id = d.collection_id
        and (starts_with(v.uri, s.uri || '/') or starts_with(v.uri, s.uri || '#'))
    where v.id = d.current_version
    order by length(s.uri) desc limit 1)
where not starts_with(d.key, 'upload/');
