-- name: enqueue
-- A new job, or nothing when its key is known.
insert into job (kind, idempotency_key, payload, requested_by)
values (%(kind)s, %(key)s, %(payload)s, %(requested_by)s)
on conflict (idempotency_key) do nothing;

-- name: by_key
select id, kind, state, attempt, payload, progress, error, requested_by, created_at, result from job
where idempotency_key = %(key)s;

-- name: by_id
select id, kind, state, attempt, payload, progress, error, requested_by, created_at, result from job
where id = %(id)s and requested_by = %(subject)s;

-- name: claim
-- Start a queued job, or take over one whose lease has run out. The attempt is the fencing token.
update job set state = 'running', attempt = attempt + 1, lease_owner = %(owner)s, updated_at = now(),
    lease_until = now() + make_interval(secs => %(lease)s)
where id = %(id)s and (state = 'queued' or (state = 'running' and lease_until < now()))
returning id, kind, state, attempt, payload, progress, error, requested_by, created_at, result;

-- name: heartbeat
update job set progress = %(progress)s, updated_at = now(), lease_until = now() + make_interval(secs => %(lease)s)
where id = %(id)s and attempt = %(attempt)s and state = 'running' returning id;

-- name: finish
update job set state = 'done', result = %(result)s, error = null, lease_until = null, updated_at = now()
where id = %(id)s and attempt = %(attempt)s and state = 'running' returning id;

-- name: fail
update job set error = %(error)s, lease_until = null, updated_at = now(),
    state = case when not %(retryable)s then 'failed' when attempt >= %(max_attempts)s then 'dead' else 'queued' end
where id = %(id)s and attempt = %(attempt)s and state = 'running' returning state;

-- name: bury
-- Jobs that killed their worker too often.
update job set state = 'dead', error = coalesce(error, 'The worker died while it ran.'), updated_at = now()
where state = 'running' and lease_until < now() and attempt >= %(max_attempts)s returning id;

-- name: due
select id, kind, state, attempt, payload, progress, error, requested_by, created_at, result from job
where state = 'queued' or (state = 'running' and lease_until < now())
order by id limit %(limit)s;

-- name: counts
select state, kind, count(*) from job group by state, kind;

-- name: principals
-- The subject, its groups and theirs.
with recursive member (name) as (
    select %(subject)s
    union
    select unnest(p.member_of) from principal p join member m on p.name = m.name
)
select name from member order by name;

-- name: forget_principals
delete from principal;

-- name: add_principal
insert into principal (name, member_of) values (%(name)s, %(groups)s);
