-- Personal data: what a collection does about it, and the vault of what its tokens stand for.
alter table collection
    add column pii_policy text not null default 'off' check (pii_policy in ('off', 'flag', 'mask')),
    -- principals that may see masked values, in texts that they may read
    add column pii_readers text[] not null default '{}';

-- encrypted by the application (AES-256-GCM, bound to collection and token); the keys are not in the database
create table pii_vault (
    collection_id int not null references collection on delete cascade,
    token text not null,
    type text not null,
    key_id text not null,
    ciphertext bytea not null,
    created_at timestamptz not null default now(),
    primary key (collection_id, token)
);

-- which version of a document holds which token: a value that no version holds goes
create table pii_use (
    version_id bigint not null references document_version on delete cascade,
    collection_id int not null references collection on delete cascade,
    token text not null,
    primary key (version_id, token)
);
create index pii_use_token on pii_use (collection_id, token);

alter table pii_use enable row level security;
alter table pii_use force row level security;
create policy pii_use_read on pii_use for select to kgqa_app using (exists (
    select from document_version v where v.id = pii_use.version_id));
create policy pii_use_pipeline on pii_use to kgqa_pipeline, kgqa_owner using (true) with check (true);
-- a value is for principals that the collection names, in texts that they may read
alter table pii_vault enable row level security;
alter table pii_vault force row level security;
create policy pii_vault_read on pii_vault for select to kgqa_app using (
    exists (
        select from collection c where c.id = pii_vault.collection_id
            and c.pii_readers && coalesce(nullif(current_setting('kgqa.principals', true), ''), '{}')::text[])
    and exists (
        select from pii_use u where u.collection_id = pii_vault.collection_id and u.token = pii_vault.token));
create policy pii_vault_pipeline on pii_vault to kgqa_pipeline, kgqa_owner using (true) with check (true);

grant select on pii_vault, pii_use to kgqa_app;
grant select, insert, update, delete on pii_vault, pii_use to kgqa_pipeline;
