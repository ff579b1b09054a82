-- Streaming: what of a topic or a watched folder was applied, recorded in the transaction that applied it.

-- a batch changes several collections, each in a transaction of its own; one without a change has no run
alter table ingest_batch drop constraint ingest_batch_pkey;
alter table ingest_batch alter column run_id drop not null;
alter table ingest_batch
    add column collection_id int not null references collection on delete cascade,
    add column outcomes jsonb not null default '{}',
    add column lag_seconds double precision,
    add column applied_at timestamptz not null default now(),
    add primary key (query_id, batch_id, collection_id);

-- the versions of events that were applied to a document, and the access list that came with them; stays when the
-- document goes, so that an event that comes late does not bring it back (kgqa/ingest/events.py)
create table event_version (
    collection_id int not null references collection on delete cascade,
    key text not null,
    content_version bigint not null,
    access_version bigint not null,
    principals text[] not null,
    primary key (collection_id, key)
);

-- messages that were sent to a dead-letter topic; the message itself is only there
create table dead_letter (
    topic text not null,
    topic_partition int not null,
    topic_offset bigint not null,
    -- of the message: a topic that was made anew counts from 0 again
    digest bytea not null,
    reason text not null,
    sent_at timestamptz not null default now(),
    primary key (topic, topic_partition, topic_offset, digest)
);

-- events by source and outcome, for metrics
create table stream_total (
    stream text not null,
    outcome text not null,
    events bigint not null,
    lag_seconds double precision,
    primary key (stream, outcome)
);

-- the files of a watched folder as they were when they were read last
create table watched_file (
    source_id int not null references source on delete cascade,
    key text not null,
    path bytea not null,
    size bigint not null,
    modified_ns bigint not null,
    principals text[] not null,
    primary key (source_id, key)
);

grant select, insert, update, delete on event_version, dead_letter, stream_total, watched_file to kgqa_pipeline;
