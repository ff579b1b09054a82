-- A document that somebody asked to delete is hidden with the job that will delete it, however long that waits for a
-- worker. Who inserts jobs may not write what is hidden; this does it for them.
create function hide_with_job() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform hide_documents(c.id, array[new.payload ->> 'key'])
    from collection c where c.name = new.payload ->> 'collection';
    return null;
end
$$;
create trigger hide_with_job after insert on job
    for each row when (new.kind = 'delete_document') execute function hide_with_job();
