-- A document that somebody asked to delete is hidden with the job that will delete it, however long that waits for a
-- worker. Who inserts jobs may not write what is hidden; this does it for them.
create function hide_with_job() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into hidden_version (version_id, document_id)
    select p.version_id, d.id
    from collection c join document d on d.collection_id = c.id join publication p on p.document_id = d.id
    where c.name = new.payload ->> 'collection' and d.key = new.payload ->> 'key'
    order by p.version_id
    on conflict do nothing;
    return null;
end
$$;
create trigger hide_with_job after insert on job
    for each row when (new.kind = 'delete_document') execute function hide_with_job();
