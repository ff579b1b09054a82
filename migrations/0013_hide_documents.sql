-- Hiding and what readers leave out, each said once: calls, streams and jobs hide with one function, and both lists are of
-- one view. "or replace": some databases have them from an earlier form of 0011.

-- Published versions of some documents, in every generation, that are not hidden yet; which documents.
create or replace function hide_documents(collection int, keys text[]) returns setof bigint language sql as $$
    with hidden as (
        insert into hidden_version (version_id, document_id)
        select p.version_id, d.id
        from document d join publication p on p.document_id = d.id
        where d.collection_id = collection and d.key = any(keys)
        order by p.version_id
        on conflict do nothing
        returning document_id
    )
    select distinct document_id from hidden
$$;

create or replace view hidden_from_readers as
    select version_id, document_id from hidden_version order by hidden_at, version_id limit 500;
grant select on hidden_from_readers to kgqa_app, kgqa_pipeline;

create or replace function hidden_versions() returns bigint[] language sql stable parallel safe as $$
    select array(select version_id from hidden_from_readers)
$$;
create or replace function hidden_documents() returns bigint[] language sql stable parallel safe as $$
    select array(select document_id from hidden_from_readers)
$$;

create or replace function hide_with_job() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform hide_documents(c.id, array[new.payload ->> 'key'])
    from collection c where c.name = new.payload ->> 'collection';
    return null;
end
$$;
