-- name: lost_aliases
-- Touched aliases that no document supports any more.
delete from alias a using touched_alias t
where a.generation = %(generation)s and a.id = t.id
    and not exists (select from alias_support s where s.generation = a.generation and s.alias_id = a.id)
returning a.id, a.component_id;

-- name: forget_keys
delete from alias_key where generation = %(generation)s and alias_id = any(%(ids)s::bigint[]);

-- name: forget_links
-- What a text states it states whether or not there is such an alias: such a link goes with its document.
delete from resolution_decision
where generation = %(generation)s and chunk_id is null
    and (left_alias = any(%(ids)s::bigint[]) or right_alias = any(%(ids)s::bigint[]));

-- name: unresolved
-- Aliases that are in no component yet.
select id, norm, type, signature from alias
where generation = %(generation)s and collection_id = %(collection)s and component_id is null order by id;

-- name: restated
-- Ends of equivalences that this change began or ceased to state.
with now as (
    select r.left_alias, r.right_alias
    from resolution_decision r join chunk c on c.id = r.chunk_id
    where r.generation = %(generation)s and c.document_id in (
        select document_id from version_change union select document_id from written)
), pair as (
    (select left_alias, right_alias from old_stated except select left_alias, right_alias from now)
    union
    (select left_alias, right_alias from now except select left_alias, right_alias from old_stated)
)
select left_alias from pair union select right_alias from pair;

-- name: unsettle
-- Aliases that a later resolution has to look at again: some, and all of some components.
update alias set component_id = null
where generation = %(generation)s and collection_id = %(collection)s
    and (id = any(%(ids)s::bigint[]) or component_id = any(%(components)s::bigint[]));

-- name: count_unsettled
-- Aliases that wait for a component, and all.
select count(*) filter (where component_id is null), count(*)
from alias where generation = %(generation)s and collection_id = %(collection)s;

-- name: forget_derived_links
delete from resolution_decision
where generation = %(generation)s and collection_id = %(collection)s and chunk_id is null and not is_manual;

-- name: copy_alias_key
copy alias_key (generation, key, alias_id, collection_id) from stdin with (format binary);

-- name: partners
-- Aliases of the collection that share a key with new ones.
select distinct a.id, a.norm, a.type, a.signature
from alias_key k join alias a on a.generation = k.generation and a.id = k.alias_id
where k.generation = %(generation)s and k.collection_id = %(collection)s and k.key = any(%(keys)s::text[])
    and a.component_id is not null;

-- name: add_links
insert into resolution_decision (generation, collection_id, left_alias, right_alias, reason, score)
select %(generation)s, %(collection)s, l, r, reason, score
from unnest(%(left)s::bigint[], %(right)s::bigint[], %(reasons)s::text[], %(scores)s::real[]) as n (l, r, reason, score)
on conflict do nothing;

-- name: neighbours
-- Aliases linked to some.
select left_alias from resolution_decision
where generation = %(generation)s and right_alias = any(%(ids)s::bigint[])
union
select right_alias from resolution_decision
where generation = %(generation)s and left_alias = any(%(ids)s::bigint[]);

-- name: components_of
select distinct component_id from alias
where generation = %(generation)s and id = any(%(ids)s::bigint[]) and component_id is not null;

-- name: members
-- Whole components, and single aliases.
select id, norm, type, signature, entity_id, component_id from alias
where generation = %(generation)s and collection_id = %(collection)s
    and (component_id = any(%(components)s::bigint[]) or id = any(%(ids)s::bigint[]));

-- name: all_members
select id, norm, type, signature, entity_id, component_id from alias
where generation = %(generation)s and collection_id = %(collection)s;

-- name: links
-- Everything that links some aliases, whoever may see it.
select left_alias, right_alias, score, reason, acl_class from resolution_decision
where generation = %(generation)s and left_alias = any(%(ids)s::bigint[]);

-- name: all_links
select r.left_alias, r.right_alias, r.score, r.reason, r.acl_class
from resolution_decision r
join alias a on a.generation = r.generation and a.id = r.left_alias
join alias b on b.generation = r.generation and b.id = r.right_alias
where r.generation = %(generation)s and r.collection_id = %(collection)s;

-- name: taken_ids
-- Ids that a new entity may not take.
select id from entity where generation = %(generation)s and id = any(%(ids)s::bigint[])
union
select old_id from entity_redirect where generation = %(generation)s and old_id = any(%(ids)s::bigint[]);

-- name: make_resolved
create temp table resolved (alias_id bigint primary key, component_id bigint, entity_id bigint) on commit drop;
create temp table moved_alias (
    alias_id bigint primary key, name_id bigint, old_entity bigint, new_entity bigint
) on commit drop;

-- name: copy_resolved
copy resolved (alias_id, component_id, entity_id) from stdin with (format binary);

-- name: remember_moves
insert into moved_alias
select a.id, a.name_id, a.entity_id, r.entity_id
from resolved r join alias a on a.generation = %(generation)s and a.id = r.alias_id
where a.entity_id is distinct from r.entity_id;

-- name: set_entities
update alias a set component_id = r.component_id, entity_id = r.entity_id
from resolved r
where a.generation = %(generation)s and a.id = r.alias_id
    and (a.component_id, a.entity_id) is distinct from (r.component_id, r.entity_id);

-- name: add_entities
insert into entity (generation, id, collection_id)
select distinct %(generation)s, new_entity, %(collection)s from moved_alias
on conflict (generation, id) do nothing;

-- name: drop_entities
delete from entity e using (
    select entity_id as id from touched_alias union select old_entity from moved_alias
) as t
where e.generation = %(generation)s and e.id = t.id
    and not exists (select from alias a where a.generation = e.generation and a.entity_id = e.id);

-- name: count_aliases
update entity e set aliases = n.aliases
from (
    select a.entity_id as id, count(*) as aliases from alias a
    where a.generation = %(generation)s and a.entity_id in (
        select entity_id from resolved union select entity_id from touched_alias)
    group by a.entity_id
) as n
where e.generation = %(generation)s and e.id = n.id and e.aliases <> n.aliases;

-- name: add_redirects
insert into entity_redirect (generation, collection_id, old_id, new_id)
select %(generation)s, %(collection)s, o, n from unnest(%(old)s::bigint[], %(new)s::bigint[]) as r (o, n)
on conflict (generation, old_id) do update set new_id = excluded.new_id;

-- name: follow_redirects
update entity_redirect r set new_id = n.new_id
from entity_redirect n
where r.generation = %(generation)s and n.generation = r.generation and r.new_id = n.old_id;

-- name: drop_redirects
-- That lead from an id in use or to nothing.
delete from entity_redirect r
where r.generation = %(generation)s and r.collection_id = %(collection)s and (
    exists (select from entity e where e.generation = r.generation and e.id = r.old_id)
    or not exists (select from entity e where e.generation = r.generation and e.id = r.new_id));

-- name: find_claims
-- Claims whose relation may differ: of documents that were read, and of aliases that moved.
insert into touched_claim
select c.id, c.version_id from claim c
where c.generation = %(generation)s and c.live and c.document_id in (
    select document_id from version_change union select document_id from written)
union
select c.id, c.version_id from claim c join moved_alias m on m.alias_id = c.subject_alias
where c.generation = %(generation)s and c.live
union
select c.id, c.version_id from claim c join moved_alias m on m.alias_id = c.object_alias
where c.generation = %(generation)s and c.live;

-- name: make_touched_claim
create temp table touched_claim (id bigint, version_id bigint) on commit drop;

-- name: remember_relations
insert into touched_relation
select distinct s.relation_id from relation_support s join touched_claim c on c.id = s.claim_id
where s.generation = %(generation)s on conflict do nothing;

-- name: forget_supports
delete from relation_support s
where s.generation = %(generation)s and (
    s.claim_id in (select id from touched_claim)
    or s.relation_id in (select id from touched_relation)
        and not exists (select from claim c where c.generation = s.generation and c.id = s.claim_id and c.live));

-- name: make_supported
create temp table supported on commit drop as
select relation_id(s.entity_id, c.predicate, o.entity_id) as id, s.entity_id as subject_entity, c.predicate,
    o.entity_id as object_entity, c.id as claim_id, c.chunk_id, c.acl_class, c.generation, c.collection_id
from touched_claim t
join claim c on c.id = t.id and c.version_id = t.version_id
join alias s on s.generation = c.generation and s.id = c.subject_alias
join alias o on o.generation = c.generation and o.id = c.object_alias
where s.entity_id <> o.entity_id;

-- name: add_relations
insert into relation (generation, id, collection_id, subject_entity, predicate, object_entity)
select distinct generation, id, collection_id, subject_entity, predicate, object_entity from supported
on conflict (generation, id) do nothing;

-- name: add_supports
insert into relation_support (generation, relation_id, claim_id, chunk_id, acl_class)
select generation, id, claim_id, chunk_id, acl_class from supported
on conflict (generation, relation_id, claim_id) do update set acl_class = excluded.acl_class;

-- name: mark_entities
-- Entities whose aliases, supports or relations changed.
insert into dirty_key (generation, kind, key)
select %(generation)s, 'entity', id from (
    select entity_id as id from touched_alias
    union select a.entity_id from found_alias f join alias a on a.generation = %(generation)s and a.id = f.id
    union select old_entity from moved_alias union select new_entity from moved_alias
    union select r.subject_entity from relation r join touched_relation t on t.id = r.id
        where r.generation = %(generation)s
    union select r.object_entity from relation r join touched_relation t on t.id = r.id
        where r.generation = %(generation)s
    union select subject_entity from supported union select object_entity from supported
) as e where id is not null order by id;

-- name: drop_relations
delete from relation r using touched_relation t
where r.generation = %(generation)s and r.id = t.id
    and not exists (select from relation_support s where s.generation = r.generation and s.relation_id = r.id);

-- name: mark_names
-- Names that came or went, and names whose senses moved.
insert into dirty_key (generation, kind, key)
select %(generation)s, 'name', id from (
    select distinct name_id as id from sense_change union select name_id from moved_alias
    union select name_id from touched_alias t
        where not exists (select from alias a where a.generation = %(generation)s and a.id = t.id)
) as n order by id;
