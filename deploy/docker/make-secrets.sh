#!/bin/sh
# Makes deploy/docker/secrets with random passwords, once; nothing that exists is changed.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
umask 077
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { [ -s "secrets/$1" ] || printf '%s' "$2" > "secrets/$1"; }
keep postgres_password "$(random)"
keep neo4j_password "$(random)"
keep token_secret "$(random)"
keep redis_password "$(random)"
keep redis_url "redis://:$(cat secrets/redis_password)@redis:6379/0"
if [ ! -s secrets/roles ]; then
    for role in owner app pipeline; do
        password=$(random)
        printf 'kgqa_%s %s\n' "$role" "$password" >> secrets/roles
        printf 'postgresql://kgqa_%s:%s@postgres:5432/kgqa' "$role" "$password" > "secrets/postgres_${role}_url"
    done
fi
echo "secrets are in $(pwd)/secrets"
