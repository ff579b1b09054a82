-- name: as_subject
select set_config('kgqa.subject', %(subject)s, true);

-- name: enqueue
-- The first job with this key stays.
insert into job (kind, idempotency_key, payload, requested_by)
values (%(kind)s, %(key)s, %(payload)s, %(subject)s)
on conflict (idempotency_key) do nothing
returning id, kind, state, attempt, payload, progress, error, requested_by, created_at;

-- name: by_key
select id, kind, state, attempt, payload, progress, error, requested_by, created_at
from job where idempotency_key = %(key)s and requested_by = %(subject)s;

-- name: claim
-- Queued, or running under a lease that has run out (after the last attempt it is only buried, whoever comes first).
-- The attempt is the fencing token of whoever gets it.
-- Jobs with one target (a document) run in the order in which they were asked for.
update job set state = 'running', attempt = attempt + 1, lease_owner = %(owner)s,
    lease_until = now() + make_interval(secs => %(lease)s), updated_at = now()
where id = %(id)s
    and (state = 'queued' or state = 'running' and lease_until < now() and attempt < %(max_attempts)s) and not exists (
    select from job earlier where earlier.id < job.id and earlier.state in ('queued', 'running')
        and earlier.payload ->> 'target' = job.payload ->> 'target')
returning id, kind, state, attempt, payload, progress, error, requested_by, created_at;

-- name: heartbeat
update job set lease_until = now() + make_interval(secs => %(lease)s), progress = %(progress)s, updated_at = now()
where id = %(id)s and state = 'running' and attempt = %(attempt)s returning id;

-- name: finish
-- A document that a job carries leaves the job when it ends: deleting the document has to delete all of it. A job that
-- deleted one does not go on to say which.
update job set state = 'done', result = %(result)s, error = null,
    payload = payload - case kind when 'delete_document' then '{key,target}' else '{content,metadata}' end::text[],
    lease_owner = null, lease_until = null, updated_at = now()
where id = %(id)s and state = 'running' and attempt = %(attempt)s returning id;

-- name: fail
-- A fault that may pass is tried again until the attempts are used up; then the job is dead.
update job set
    state = case when not %(retryable)s then 'failed' when attempt >= %(max_attempts)s then 'dead' else 'queued' end,
    payload = case when %(retryable)s and attempt < %(max_attempts)s then payload
        else payload - '{content,metadata}'::text[] end,
    error = %(error)s, lease_owner = null, lease_until = null, updated_at = now()
where id = %(id)s and state = 'running' and attempt = %(attempt)s returning state;

-- name: state
select state from job where id = %(id)s;

-- name: bury
-- Jobs whose workers died with them too often.
update job set state = 'dead', payload = payload - '{content,metadata}'::text[], lease_owner = null,
    lease_until = null, error = coalesce(error, 'The worker died while it ran.'), updated_at = now()
where state = 'running' and lease_until < now() and attempt >= %(max_attempts)s returning id;

-- name: counts
select state, kind, count(*) from job group by state, kind;

-- name: due
-- Without the documents that they carry, and without those that wait for an earlier job of the same target.
select id, kind, state, attempt, payload - '{content,metadata}'::text[], progress, error, requested_by, created_at
from job where (state = 'queued' or state = 'running' and lease_until < now()) and not exists (
    select from job earlier where earlier.id < job.id and earlier.state in ('queued', 'running')
        and earlier.payload ->> 'target' = job.payload ->> 'target')
order by created_at, id limit %(limit)s;

-- name: job
select id, kind, state, attempt, payload - '{content,metadata}'::text[], progress, error, requested_by, created_at
from job where id = %(id)s and requested_by = %(subject)s;

-- name: principals_of
-- A subject with its groups, and theirs.
with recursive member (name) as (
    select %(subject)s::text
    union
    select g from member m join principal p on p.name = m.name, unnest(p.member_of) as g
)
select name from member;

-- name: known
select exists (select from principal where name = %(subject)s);

-- name: replace_principals
delete from principal where name <> all(%(names)s::text[]);

-- name: set_principals
insert into principal (name, member_of)
select p ->> 'name', array(select jsonb_array_elements_text(p -> 'member_of'))
from jsonb_array_elements(%(principals)s::jsonb) as p
on conflict (name) do update set member_of = excluded.member_of;

-- name: record_event
insert into audit_event (subject, action, detail) values (%(subject)s, %(action)s, %(detail)s);
