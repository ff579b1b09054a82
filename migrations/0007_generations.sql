-- Generations beside each other: which version of a document a generation answers from is the generation's own.
-- A document that changes in the active generation leaves the others in the same transaction (publish.sql), so that no
-- generation ever holds a text or an access list that the active one has given up.
create table publication (
    generation int not null references index_generation,
    document_id bigint not null references document on delete cascade,
    version_id bigint not null references document_version deferrable initially deferred,
    primary key (document_id, generation)
);
create unique index publication_version on publication (version_id);

insert into publication (generation, document_id, version_id)
select g.id, d.id, d.current_version
from document d, index_generation g where g.state = 'active' and d.current_version is not null;

drop index document_current;
alter table document drop column current_version;

-- published documents, as the active generation has them
create view current_document with (security_invoker) as
select d.id, d.collection_id, d.key, d.acl_class, d.source_id, p.version_id as current_version
from document d join publication p on p.document_id = d.id
    and p.generation = (select g.id from index_generation g where g.state = 'active');

-- a generation that is dropped leaves its row: runs and batches of streams name it
alter table index_generation drop constraint index_generation_state_check,
    add check (state in ('building', 'active', 'retired', 'dropped'));

grant select on publication, current_document to kgqa_app;
grant select, insert, update, delete on publication to kgqa_pipeline;
grant select on current_document to kgqa_pipeline;
grant update (dimensions) on index_generation to kgqa_pipeline;
