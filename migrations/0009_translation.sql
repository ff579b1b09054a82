-- Translation: passages in another language than the one that their collection is translated to are found by the words
-- of their translation, and shown with it. Both hang on the version of the document, so that they go when it goes.
alter table collection
    -- ISO 639-1; empty: nothing is translated
    add column translate_to text not null default '' check (translate_to ~ '^([a-z]{2})?$');

create table chunk_translation (
    version_id bigint not null references document_version on delete cascade,
    chunk_id bigint not null references chunk on delete cascade,
    language text not null,
    -- who translated: name and version
    engine text not null,
    text text not null,
    -- of what was translated, with its language: an edited document finds the translations of what did not change
    text_hash bytea not null,
    primary key (version_id, chunk_id)
);
create index chunk_translation_chunk on chunk_translation (chunk_id);
create index chunk_translation_hash on chunk_translation using hash (text_hash);

-- whoever may read a chunk may read it in another language
alter table chunk_translation enable row level security;
alter table chunk_translation force row level security;
create policy chunk_translation_read on chunk_translation for select to kgqa_app using (exists (
    select from chunk c where c.id = chunk_translation.chunk_id));
create policy chunk_translation_pipeline on chunk_translation to kgqa_pipeline, kgqa_owner
    using (true) with check (true);

-- the keyword side of the translation, as `terms` and `bm25` are of the chunk; null: there is none
alter table chunk_index
    add column translation_language text,
    add column translation_terms int[],
    add column translation_bm25 sparsevec;
create index chunk_index_translation_terms on chunk_index using gin (translation_terms)
    where translation_terms is not null;

-- a term is as rare in a language as live chunks and translations in it say
alter table corpus_statistics add column translations bigint not null default 0;

-- whoever loads much also brings the planner's statistics up to date (PostgreSQL 17+)
do $$
begin
    if current_setting('server_version_num')::int >= 170000 then
        execute 'grant maintain on chunk_translation to kgqa_pipeline';
    end if;
end
$$;

grant select on chunk_translation to kgqa_app;
grant select, insert, update, delete on chunk_translation to kgqa_pipeline;
