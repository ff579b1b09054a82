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

create function hidden_versions() returns bigint[] language sql stable parallel safe as $$
    select coalesce(array_agg(version_id), '{}') from hidden_version
$$;
create function hidden_documents() returns bigint[] language sql stable parallel safe as $$
    select coalesce(array_agg(document_id), '{}') from hidden_version
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
