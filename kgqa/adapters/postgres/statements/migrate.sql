-- name: lock
-- One migrator at a time, for the life of the session.
select pg_advisory_lock(hashtext('kgqa.migrate'));

-- name: make_table
-- What has been applied.
create table if not exists schema_migration (
    name text primary key,
    applied_at timestamptz not null default now()
);

-- name: has_table
select to_regclass('schema_migration') is not null;

-- name: applied
select name from schema_migration;

-- name: impatient
-- A migration that waits for a lock blocks everybody behind it: give up and let the operator try again.
set local lock_timeout = '10s';

-- name: record
insert into schema_migration (name) values (%s);

-- name: dump_tables
-- Tables with their columns and constraints; partitions are left out.
select format(E'table %s%s\n%s%s', c.relname,
    case when p.partstrat is null then '' else ' partition by ' || pg_get_partkeydef(c.oid) end
        || case when c.relforcerowsecurity then ' row level security' else '' end,
    (select string_agg(format('    %s %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
            case when a.attnotnull then ' not null' else '' end,
            coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')), E'\n' order by a.attnum)
        from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    coalesce((select E'\n' || string_agg(format('    constraint %s %s', k.conname, pg_get_constraintdef(k.oid)),
            E'\n' order by k.conname)
        from pg_constraint k where k.conrelid = c.oid and k.contype <> 'n'), ''))
from pg_class c left join pg_partitioned_table p on p.partrelid = c.oid
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
order by c.relname;

-- name: dump_indexes
select pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indrelid
where c.relnamespace = 'public'::regnamespace and not c.relispartition and c.relkind in ('r', 'p')
order by c.relname, i.indexrelid::regclass::text;

-- name: dump_views
select format(E'view %s as\n%s', c.relname, pg_get_viewdef(c.oid)) from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind = 'v'
    and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
order by c.relname;

-- name: dump_policies
select format('policy %s on %s %s to %s using (%s) check (%s)', policyname, tablename, cmd,
    array_to_string(roles, ', '), coalesce(qual, ''), coalesce(with_check, ''))
from pg_policies where schemaname = 'public' order by tablename, policyname;

-- name: dump_functions
select pg_get_functiondef(p.oid) from pg_proc p
where p.pronamespace = 'public'::regnamespace
    and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
order by p.proname;

-- name: dump_grants
select format('grant %s on %s to %s', string_agg(distinct lower(privilege_type), ', '), table_name, grantee)
from information_schema.role_table_grants
where table_schema = 'public' and grantee in ('kgqa_app', 'kgqa_pipeline')
group by table_name, grantee order by table_name, grantee;
