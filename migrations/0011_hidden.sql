-- Published versions of deleted documents that are not removed yet. No reader sees them from the transaction on that
-- writes a row here; the removal of a version, or of what it is replaced by, takes the row with it. No foreign key:
-- hiding waits for nobody who is publishing.
create table hidden_version (
    version_id bigint primary key,
    document_id bigint not null,
    hidden_at timestamptz not null default now()
);
grant select on hidden_version to kgqa_app;
grant select, insert, delete on hidden_version to kgqa_pipeline;

create index hidden_version_at on hidden_version (hidden_at, version_id);

-- What readers leave out. Each row that they read is compared with all of it, so it is the oldest few hundred: where more
-- is deleted at once, the rest goes with its removal.
create function hidden_versions() returns bigint[] language sql stable parallel safe as $$
    select array(select version_id from hidden_version order by hidden_at, version_id limit 500)
$$;
create function hidden_documents() returns bigint[] language sql stable parallel safe as $$
    select array(select document_id from hidden_version order by hidden_at, version_id limit 500)
$$;

do $$
declare
    t text;
    document text;
begin
    for t, document in values
        ('document', 'id'), ('document_version', 'document_id'), ('chunk', 'document_id'),
        ('name_support', 'document_id'), ('mention', 'document_id'), ('equivalence', 'document_id'),
        ('claim', 'document_id'), ('alias_support', 'document_id')
    loop
        execute format('alter policy %I on %I using (acl_class = any ((select visible_classes())::int[])'
            ' and %I <> all ((select hidden_documents())::bigint[]))', t || '_read', t, document);
    end loop;
end
$$;
