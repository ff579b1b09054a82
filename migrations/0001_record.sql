-- The record: everything that kgqa knows. Neo4j is a projection of this.
--
-- Derived rows (chunk_index, sentence, name, mention, claim, alias, entity, relation and their supports) carry a
-- generation and live in LIST partitions made by create_generation(). Ids of derived things are stable hashes
-- (kgqa/model/identity.py). acl_class is repeated on every row that is read under permissions, so that no read
-- needs a join to know whether it may see a row.
--
-- What one document alone says (chunk_index, sentence, name_support, equivalence, claim) hangs on the document
-- version that it was computed from, with live = false until that version is published: an edit never touches a row
-- that somebody reads, and dropping a version drops what it said. What follows from the whole collection (name,
-- name_sense, mention, alias, entity, relation, the statistics) is written only by publishing.
--
-- Row-level security, the second wall: a session of kgqa_app says who it is with
--     select set_config('kgqa.principals', '{public,user:ivy}', true), set_config('kgqa.subject', 'user:ivy', true)
-- in each transaction. Unset means nothing is visible. chunk_index, sentence and the statistics hold numbers only
-- and have no row-level security; they are read by named statements that bind the visible classes.

-- Who may see what ------------------------------------------------------------------------------------------

create table principal (
    name text primary key,
    member_of text[] not null default '{}',
    created_at timestamptz not null default now()
);

create table acl_class (
    id int generated always as identity primary key,
    principals text[] not null unique check (cardinality(principals) > 0)
);

-- what a reader of one class may know: the classes that everyone who reads `reader` also reads
create view acl_reach with (security_invoker) as
select reader.id as reader, source.id as source
from acl_class reader join acl_class source
    on reader.principals <@ source.principals or 'public' = any (source.principals);

-- Generations ------------------------------------------------------------------------------------------------

create table index_generation (
    id int generated always as identity primary key,
    state text not null check (state in ('building', 'active', 'retired')),
    options jsonb not null,
    dimensions int not null,
    counts jsonb not null default '{}',
    created_at timestamptz not null default now(),
    activated_at timestamptz
);
create unique index index_generation_one_active on index_generation ((true)) where state = 'active';

-- Collections, documents, runs ----------------------------------------------------------------------------------

create table collection (
    id int generated always as identity primary key,
    name text not null unique,
    dictionary jsonb not null default '{}',
    -- moves whenever a live name or its visibility changes: for caches of what depends on the names
    names_version bigint not null default 0,
    created_at timestamptz not null default now()
);

create table source (
    id int generated always as identity primary key,
    collection_id int not null references collection on delete cascade,
    uri text not null,
    default_principals text[] not null default '{public}',
    unique (collection_id, uri)
);

create table ingest_run (
    id bigint generated always as identity primary key,
    collection_id int not null references collection on delete cascade,
    generation int not null references index_generation,
    options jsonb not null,
    state text not null default 'open' check (state in ('open', 'published', 'abandoned')),
    report jsonb not null default '{}',
    created_at timestamptz not null default now(),
    published_at timestamptz
);
create index ingest_run_open on ingest_run (collection_id) where state = 'open';

create table ingest_batch (
    query_id text not null,
    batch_id bigint not null,
    run_id bigint not null references ingest_run on delete cascade,
    primary key (query_id, batch_id)
);

create table document (
    id bigint primary key,
    collection_id int not null references collection on delete cascade,
    key text not null,
    acl_class int not null references acl_class,
    -- null: staged and not yet published; nothing reads the document
    current_version bigint,
    unique (collection_id, key)
);
create index document_class on document (collection_id, acl_class);

create table document_version (
    id bigint generated always as identity primary key,
    document_id bigint not null references document on delete cascade,
    run_id bigint not null,
    acl_class int not null references acl_class,
    content_hash bytea not null,
    options_hash bytea not null,
    outcome text not null check (outcome in ('indexed', 'duplicate', 'skipped', 'failed')),
    reason text not null default '',
    uri text not null,
    media_type text not null default '',
    language text not null default 'und',
    title text not null default '',
    metadata jsonb not null default '{}',
    warnings text[] not null default '{}',
    text text not null default '',
    raw bytea not null default '',
    -- hash of the text: exact duplicates inside one access class answer through the first of them
    text_hash bytea not null,
    duplicate_of bigint references document (id) on delete set null,
    near_duplicate_of bigint references document (id) on delete set null,
    minhash bytea not null default '',
    created_at timestamptz not null default now(),
    unique (document_id, run_id)
);
create index document_version_run on document_version (run_id);
create index document_version_text_hash on document_version (text_hash);
create index document_version_duplicate on document_version (duplicate_of) where duplicate_of is not null;
create index document_version_near on document_version (near_duplicate_of) where near_duplicate_of is not null;

-- Pieces of a near-duplicate signature: 8 of 8 values each, hashed with their place. Signatures that agree in nine
-- tenths of their 64 values differ in at most 6 of them, so at least two pieces are equal: no pair is overlooked.
create function minhash_bands(signature bytea) returns bigint[]
language sql immutable strict parallel safe as $$
    select array_agg(hashtextextended(encode(substr(signature, 32 * i + 1, 32), 'hex'), i))
    from generate_series(0, 7) as i
$$;
create index document_version_bands on document_version using gin (minhash_bands(minhash)) where minhash <> '';
alter table document add constraint document_current_version
    foreign key (current_version) references document_version deferrable initially deferred;
create index document_current on document (current_version);

create table staged_deletion (
    run_id bigint not null references ingest_run on delete cascade,
    document_id bigint not null references document on delete cascade,
    primary key (run_id, document_id)
);

create table chunk (
    id bigint primary key,
    collection_id int not null references collection on delete cascade,
    document_id bigint not null references document on delete cascade,
    acl_class int not null references acl_class,
    text text not null
);
create index chunk_document on chunk (document_id);

-- where a chunk stands in a version of its document; offsets count code points of document_version.text
create table chunk_placement (
    version_id bigint not null references document_version on delete cascade,
    ordinal int not null,
    chunk_id bigint not null references chunk on delete cascade,
    heading_path text[] not null default '{}',
    row_key text,
    language text not null,
    page int,
    start_offset int not null,
    end_offset int not null check (end_offset >= start_offset),
    primary key (version_id, ordinal)
);
create index chunk_placement_chunk on chunk_placement (chunk_id);

-- The hybrid index: numbers only --------------------------------------------------------------------------------

create table chunk_index (
    generation int not null,
    chunk_id bigint not null,
    version_id bigint not null references document_version on delete cascade,
    collection_id int not null,
    acl_class int not null,
    language text not null,
    live boolean not null default false,
    -- terms of the chunk, for df bookkeeping and candidate search; weights tf/(tf + k1(1-b+b*len/avg)) in bm25
    terms int[] not null,
    bm25 sparsevec not null,
    text_hash bytea not null,
    embedding halfvec storage plain not null,
    primary key (generation, chunk_id, version_id)
) partition by list (generation);
create index chunk_index_version on chunk_index (version_id);
create index chunk_index_terms on chunk_index using gin (terms);
create index chunk_index_visible on chunk_index (collection_id, acl_class) where live;
create index chunk_index_hash on chunk_index using hash (text_hash);

create table sentence (
    generation int not null,
    chunk_id bigint not null,
    version_id bigint not null references document_version on delete cascade,
    ordinal int not null,
    start_offset int not null,
    end_offset int not null,
    collection_id int not null,
    acl_class int not null,
    live boolean not null default false,
    text_hash bytea not null,
    embedding halfvec storage plain not null,
    primary key (generation, chunk_id, version_id, ordinal)
) partition by list (generation);
create index sentence_version on sentence (version_id);
create index sentence_visible on sentence (collection_id, acl_class) where live;
create index sentence_hash on sentence using hash (text_hash);

-- live chunks by language and class, and document frequency of every term among them
create table corpus_statistics (
    generation int not null,
    collection_id int not null references collection on delete cascade,
    language text not null,
    acl_class int not null,
    chunks bigint not null,
    primary key (generation, collection_id, language, acl_class)
);

create table term_statistics (
    generation int not null,
    collection_id int not null references collection on delete cascade,
    term int not null,
    language text not null,
    acl_class int not null,
    df bigint not null,
    primary key (generation, collection_id, term, language, acl_class)
);
create index term_statistics_gone on term_statistics (collection_id) where df = 0;

-- Names, mentions, claims ---------------------------------------------------------------------------------------

-- the names that live documents support
create table name (
    generation int not null,
    id bigint not null,
    collection_id int not null references collection on delete cascade,
    norm text not null,
    -- as kgqa/text/names.py cuts it: how many, and the first, which says where in a text the name may start
    tokens int not null,
    first_token text not null,
    primary key (generation, id)
) partition by list (generation);
create index name_norm on name (generation, collection_id, norm);
create index name_first_token on name (generation, collection_id, first_token);
create index name_tokens on name (generation, collection_id, tokens);

-- why a name is known; chunk_id null: the whole document's (title, file name, metadata)
create table name_support (
    generation int not null,
    name_id bigint not null,
    norm text not null,
    document_id bigint not null references document on delete cascade,
    version_id bigint not null references document_version on delete cascade,
    chunk_id bigint,
    source text not null,
    type text not null,
    signature text not null,
    surface text not null,
    acl_class int not null,
    live boolean not null default false
) partition by list (generation);
create index name_support_name on name_support (name_id);
create index name_support_document on name_support (document_id);
create index name_support_version on name_support (version_id);

-- live supports of a name by class and sense, counted in documents: the gazetteer of a class is a sum of these
create table name_sense (
    generation int not null,
    name_id bigint not null,
    acl_class int not null,
    type text not null,
    signature text not null,
    -- documents that support the sense other than as a heading, and as a heading
    documents int not null,
    heading_documents int not null,
    primary key (generation, name_id, acl_class, type, signature)
) partition by list (generation);

-- Gazetteer entries of some names as the readers of some classes know them: a name without a live support that these
-- readers may see has none. The type is that of the best supported unsigned sense that has one.
create function gazetteer_entries(generation int, names bigint[], readers int[])
returns table (reader int, name_id bigint, is_name boolean, type text, documents bigint, heading_documents bigint)
language sql stable parallel safe rows 1000 as $$
    select distinct on (sense.reader, sense.name_id) sense.reader, sense.name_id,
        sum(sense.documents) over whole > 0 or sum(sense.heading_documents) over whole <= 3,
        case when sense.signature = '' then sense.type else '' end, (sum(sense.documents) over whole)::bigint, (sum(sense.heading_documents) over whole)::bigint
    from (
        select r.reader, s.name_id, s.type, s.signature,
            sum(s.documents) as documents, sum(s.heading_documents) as heading_documents
        from name_sense s join acl_reach r on r.source = s.acl_class and r.reader = any (gazetteer_entries.readers)
        where s.generation = gazetteer_entries.generation and s.name_id = any (gazetteer_entries.names)
        group by 1, 2, 3, 4
    ) as sense
    window whole as (partition by sense.reader, sense.name_id)
    order by sense.reader, sense.name_id, sense.signature <> '', sense.type = '',
        sense.documents + sense.heading_documents desc, sense.type
$$;

create table mention (
    generation int not null,
    chunk_id bigint not null references chunk on delete cascade,
    start_offset int not null,
    end_offset int not null,
    name_id bigint not null,
    alias_id bigint not null,
    is_title boolean not null,
    collection_id int not null,
    document_id bigint not null,
    acl_class int not null,
    primary key (generation, chunk_id, is_title, start_offset, end_offset, name_id)
) partition by list (generation);
create index mention_chunk on mention (chunk_id);
create index mention_name on mention (name_id);
create index mention_alias on mention (alias_id);
create index mention_document on mention (document_id);

create table equivalence (
    generation int not null,
    version_id bigint not null references document_version on delete cascade,
    chunk_id bigint not null,
    left_name bigint not null,
    right_name bigint not null,
    collection_id int not null,
    document_id bigint not null,
    acl_class int not null,
    live boolean not null default false,
    primary key (generation, version_id, chunk_id, left_name, right_name)
) partition by list (generation);
create index equivalence_version on equivalence (version_id);
create index equivalence_names on equivalence (left_name, right_name);
create index equivalence_right on equivalence (right_name);

create table claim (
    generation int not null,
    id bigint not null,
    version_id bigint not null references document_version on delete cascade,
    chunk_id bigint not null,
    start_offset int not null,
    end_offset int not null,
    subject_name bigint not null,
    predicate text not null,
    object_name bigint not null,
    -- senses that the two names have in this document; null until annotated, or where the name is no live name
    subject_alias bigint,
    object_alias bigint,
    collection_id int not null,
    document_id bigint not null,
    acl_class int not null,
    live boolean not null default false,
    primary key (generation, id, version_id)
) partition by list (generation);
create index claim_version on claim (version_id);
create index claim_document on claim (document_id);
create index claim_chunk on claim (chunk_id);
create index claim_subject on claim (subject_alias);
create index claim_object on claim (object_alias);

-- Entities --------------------------------------------------------------------------------------------------------

create table alias (
    generation int not null,
    id bigint not null,
    collection_id int not null references collection on delete cascade,
    name_id bigint not null,
    norm text not null,
    type text not null,
    signature text not null,
    -- connected component over all resolution_decision rows, before it is split: what a restricted view starts from
    component_id bigint,
    entity_id bigint,
    primary key (generation, id)
) partition by list (generation);
create index alias_name on alias (name_id);
create index alias_entity on alias (entity_id);
create index alias_component on alias (component_id);
create index alias_collection_norm on alias (collection_id, norm);

create table alias_support (
    generation int not null,
    alias_id bigint not null,
    document_id bigint not null references document on delete cascade,
    acl_class int not null,
    surface text not null,
    mentions int not null,
    chunks int not null,
    primary key (generation, alias_id, document_id)
) partition by list (generation);
create index alias_support_document on alias_support (document_id);

-- blocks for candidate search: two aliases are compared where they share a key
create table alias_key (
    generation int not null,
    key text not null,
    alias_id bigint not null,
    collection_id int not null,
    primary key (generation, collection_id, key, alias_id)
) partition by list (generation);
create index alias_key_alias on alias_key (alias_id);

create table entity (
    generation int not null,
    id bigint not null,
    collection_id int not null references collection on delete cascade,
    -- how many aliases it has, seen or not: a view that sees fewer does not see this entity but one of its own
    aliases int not null default 0,
    primary key (generation, id)
) partition by list (generation);

create table entity_redirect (
    generation int not null,
    collection_id int not null references collection on delete cascade,
    old_id bigint not null,
    new_id bigint not null,
    created_at timestamptz not null default now(),
    primary key (generation, old_id)
);

-- evidence that two aliases are one thing; acl_class null: follows from the two names alone
create table resolution_decision (
    generation int not null,
    collection_id int not null references collection on delete cascade,
    left_alias bigint not null,
    right_alias bigint not null,
    reason text not null,
    score real not null,
    chunk_id bigint references chunk on delete cascade,
    acl_class int,
    is_manual boolean not null default false,
    unique nulls not distinct (generation, left_alias, right_alias, reason, chunk_id)
);
create index resolution_decision_left on resolution_decision (left_alias);
create index resolution_decision_right on resolution_decision (right_alias);
create index resolution_decision_chunk on resolution_decision (chunk_id) where chunk_id is not null;

create table relation (
    generation int not null,
    id bigint not null,
    collection_id int not null references collection on delete cascade,
    subject_entity bigint not null,
    predicate text not null,
    object_entity bigint not null,
    primary key (generation, id)
) partition by list (generation);
create index relation_subject on relation (subject_entity);
create index relation_object on relation (object_entity);

-- id of what an entity has to do with another; ids of entities may change, so this is no stable id
create function relation_id(subject bigint, predicate text, object bigint) returns bigint
language sql immutable parallel safe as $$
    select hashtextextended(subject || ' ' || object || ' ' || predicate, 0) & 9223372036854775807
$$;

create table relation_support (
    generation int not null,
    relation_id bigint not null,
    claim_id bigint not null,
    chunk_id bigint not null references chunk on delete cascade,
    acl_class int not null,
    primary key (generation, relation_id, claim_id)
) partition by list (generation);
create index relation_support_claim on relation_support (claim_id);
create index relation_support_chunk on relation_support (chunk_id);

-- Projection, jobs --------------------------------------------------------------------------------------------------

-- what the projector has to read again: kind 'document', 'name', 'entity'
create table dirty_key (
    seq bigint generated always as identity primary key,
    generation int not null,
    kind text not null check (kind in ('document', 'name', 'entity')),
    key bigint not null,
    marked_at timestamptz not null default now()
);

create table job (
    id bigint generated always as identity primary key,
    kind text not null,
    idempotency_key text not null unique,
    payload jsonb not null default '{}',
    state text not null default 'queued'
        check (state in ('queued', 'running', 'done', 'failed', 'dead', 'cancelled')),
    attempt int not null default 0,
    lease_owner text,
    lease_until timestamptz,
    progress jsonb not null default '{}',
    result jsonb,
    error text,
    requested_by text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index job_due on job (state, lease_until) where state in ('queued', 'running');

-- Conversations, feedback, audit --------------------------------------------------------------------------------------

create table conversation (
    id uuid primary key default uuidv7(),
    owner text not null,
    title text not null default '',
    created_at timestamptz not null default now()
);

create table message (
    id uuid primary key default uuidv7(),
    conversation_id uuid not null references conversation on delete cascade,
    owner text not null,
    role text not null check (role in ('user', 'assistant')),
    text text not null,
    answer jsonb,
    created_at timestamptz not null default now()
);
create index message_conversation on message (conversation_id, id);

create table feedback (
    id uuid primary key default uuidv7(),
    message_id uuid not null references message on delete cascade,
    owner text not null,
    value smallint not null check (value in (-1, 1)),
    reason text not null default '',
    created_at timestamptz not null default now()
);
create index feedback_message on feedback (message_id);

create table audit_event (
    seq bigint generated always as identity primary key,
    at timestamptz not null default now(),
    subject text not null,
    action text not null,
    detail jsonb not null default '{}'
);

-- A new generation: one partition of everything derived. Run by kgqa_owner. ---------------------------------------------

create function create_generation(options jsonb, dimensions int, state text default 'building') returns int
language plpgsql as $$
declare
    generation int;
    parent text;
begin
    insert into index_generation (state, options, dimensions, activated_at)
    values (state, options, dimensions, case when state = 'active' then now() end)
    returning id into generation;
    foreach parent in array array[
        'chunk_index', 'sentence', 'name', 'name_support', 'name_sense', 'mention', 'equivalence', 'claim',
        'alias', 'alias_support', 'alias_key', 'entity', 'relation', 'relation_support'
    ] loop
        execute format('create table %I partition of %I for values in (%s)', parent || '_g' || generation, parent, generation);
    end loop;
    -- vectors stay in the row: an exact scan reads them all
    execute format('alter table %I set (toast_tuple_target = 4080)', 'chunk_index_g' || generation);
    return generation;
end
$$;

select create_generation('{}', 384, 'active');

-- Permissions ---------------------------------------------------------------------------------------------------------

create function visible_classes() returns int[] language sql stable parallel safe as $$
    select coalesce(array_agg(id), '{}') from acl_class
    where principals && coalesce(nullif(current_setting('kgqa.principals', true), ''), '{}')::text[]
$$;

revoke all on function create_generation(jsonb, int, text) from public;

do $$
declare
    t text;
begin
    -- text that belongs to an access class
    foreach t in array array[
        'document', 'document_version', 'chunk', 'name_support', 'name_sense', 'mention', 'equivalence', 'claim', 'alias_support',
        'relation_support'
    ] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy %I on %I for select to kgqa_app using (acl_class = any ((select visible_classes())::int[]))', t || '_read', t);
        execute format('create policy %I on %I to kgqa_pipeline, kgqa_owner using (true) with check (true)', t || '_pipeline', t);
    end loop;
    -- headings are text: a placement is as visible as the version that it belongs to
    alter table chunk_placement enable row level security;
    alter table chunk_placement force row level security;
    create policy chunk_placement_read on chunk_placement for select to kgqa_app using (exists (
        select from document_version v where v.id = chunk_placement.version_id));
    create policy chunk_placement_pipeline on chunk_placement to kgqa_pipeline, kgqa_owner using (true) with check (true);
    -- a decision that follows from two names is as visible as the names; a stated one as the chunk that states it
    alter table resolution_decision enable row level security;
    alter table resolution_decision force row level security;
    create policy resolution_decision_read on resolution_decision for select to kgqa_app
        using (acl_class is null or acl_class = any ((select visible_classes())::int[]));
    create policy resolution_decision_pipeline on resolution_decision to kgqa_pipeline, kgqa_owner using (true) with check (true);
    -- names exist for a caller where a visible document supports or mentions them; a scalar subquery, because the
    -- planner would turn EXISTS into a hash of the whole table
    alter table name enable row level security;
    alter table name force row level security;
    create policy name_read on name for select to kgqa_app using ((
        select true from name_sense s where s.generation = name.generation and s.name_id = name.id limit 1));
    create policy name_pipeline on name to kgqa_pipeline, kgqa_owner using (true) with check (true);
    alter table alias enable row level security;
    alter table alias force row level security;
    create policy alias_read on alias for select to kgqa_app using ((
        select true from alias_support s where s.generation = alias.generation and s.alias_id = alias.id limit 1));
    create policy alias_pipeline on alias to kgqa_pipeline, kgqa_owner using (true) with check (true);
    alter table relation enable row level security;
    alter table relation force row level security;
    create policy relation_read on relation for select to kgqa_app using ((
        select true from relation_support s where s.generation = relation.generation and s.relation_id = relation.id limit 1));
    create policy relation_pipeline on relation to kgqa_pipeline, kgqa_owner using (true) with check (true);
    -- what belongs to a person
    foreach t in array array['conversation', 'message', 'feedback'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy %I on %I to kgqa_app using (owner = current_setting(''kgqa.subject'', true)) with check (owner = current_setting(''kgqa.subject'', true))', t || '_owner', t);
        execute format('create policy %I on %I to kgqa_pipeline, kgqa_owner using (true) with check (true)', t || '_pipeline', t);
    end loop;
    alter table job enable row level security;
    alter table job force row level security;
    create policy job_requester on job to kgqa_app using (requested_by = current_setting('kgqa.subject', true))
        with check (requested_by = current_setting('kgqa.subject', true));
    create policy job_pipeline on job to kgqa_pipeline, kgqa_owner using (true) with check (true);
end
$$;

grant usage on schema public to kgqa_app, kgqa_pipeline;
grant select on
    principal, acl_class, acl_reach, index_generation, collection, source, document, document_version, chunk,
    chunk_placement, chunk_index, sentence, corpus_statistics, term_statistics, name, name_support, name_sense, mention, equivalence, claim,
    alias, alias_support, entity, entity_redirect, resolution_decision, relation, relation_support, job, conversation, message, feedback
to kgqa_app;
grant insert on job, audit_event, conversation, message, feedback to kgqa_app;
grant update (title) on conversation to kgqa_app;
grant delete on conversation to kgqa_app;
grant select, insert, update, delete on
    principal, acl_class, acl_reach, collection, source, ingest_run, ingest_batch, document, document_version, staged_deletion,
    chunk, chunk_placement, chunk_index, sentence, corpus_statistics, term_statistics, name, name_support, name_sense,
    mention, equivalence, claim, alias, alias_support, alias_key, entity, entity_redirect, resolution_decision, relation, relation_support,
    dirty_key, job
to kgqa_pipeline;
grant select on index_generation, conversation, message, feedback to kgqa_pipeline;
grant update (options) on index_generation to kgqa_pipeline;
grant insert on audit_event to kgqa_pipeline;
grant usage on all sequences in schema public to kgqa_app, kgqa_pipeline;

-- whoever loads much also brings the planner's statistics up to date (PostgreSQL 17+; autovacuum does it later)
do $$
begin
    if current_setting('server_version_num')::int >= 170000 then
        execute 'grant maintain on all tables in schema public to kgqa_pipeline';
    end if;
end
$$;
