#!/bin/sh
# Runs once, when the data directory is made: roles and extensions that migrations need.
set -eu
while read -r role password; do
    psql -v ON_ERROR_STOP=1 -v role="$role" -v password="$password" -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
create role :"role" login nosuperuser nocreatedb nocreaterole nobypassrls password :'password';
SQL
done < /run/secrets/roles
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
create extension if not exists vector;
create extension if not exists pg_trgm;
create extension if not exists unaccent;
create extension if not exists btree_gin;
alter database kgqa owner to kgqa_owner;
alter schema public owner to kgqa_owner;
revoke all on database kgqa from public;
grant connect on database kgqa to kgqa_app, kgqa_pipeline;
SQL
