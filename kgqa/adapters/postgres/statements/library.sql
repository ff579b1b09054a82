-- Reads of kgqa_app under row-level security; the classes of the view are bound as well.

-- name: collections
-- Collections with a visible document; counts are of what is visible.
select c.id, c.name, count(*), coalesce((
    select sum(s.chunks) from corpus_statistics s join index_generation g on g.id = s.generation
    where s.collection_id = c.id and g.state = 'active' and s.acl_class = any(visible_classes())), 0)::bigint
from current_document d join collection c on c.id = d.collection_id
group by c.id, c.name order by c.name;

-- name: document
select d.id, d.key, c.name, v.title, v.uri, v.media_type, v.language, v.text, v.metadata, v.outcome, v.reason
from current_document d join document_version v on v.id = d.current_version join collection c on c.id = d.collection_id
where d.id = %(id)s;

-- name: documents
select d.id, d.key, c.name, v.title, v.uri, v.media_type, v.language, v.text, v.metadata, v.outcome, v.reason
from current_document d join document_version v on v.id = d.current_version join collection c on c.id = d.collection_id
where d.collection_id = %(collection)s and d.acl_class = any(%(classes)s::int[])
    and (%(after)s::text is null or d.key collate "C" > %(after)s collate "C")
order by d.key collate "C" limit %(limit)s;

-- name: count_documents
select count(*) from current_document
where collection_id = %(collection)s and acl_class = any(%(classes)s::int[]);

-- name: aliases_by_id
-- Components that an id (of an alias, an entity, or a former entity) leads to.
select distinct a.component_id from alias a
where a.generation = %(generation)s and a.collection_id = %(collection)s and a.component_id is not null
    and a.id = %(id)s
union
select distinct a.component_id from alias a
where a.generation = %(generation)s and a.collection_id = %(collection)s and a.component_id is not null
    and a.entity_id = coalesce((
        select r.new_id from entity_redirect r where r.generation = %(generation)s and r.old_id = %(id)s), %(id)s);

-- name: target
-- Where an id leads that an entity had once.
select new_id from entity_redirect where generation = %(generation)s and old_id = %(id)s;

-- name: components_by_text
select distinct component_id from alias
where generation = %(generation)s and collection_id = %(collection)s and component_id is not null
    and strpos(norm, %(text)s) > 0;

-- name: components_of_aliases
select distinct component_id from alias
where generation = %(generation)s and id = any(%(ids)s::bigint[]) and component_id is not null;

-- name: senses
-- Visible aliases of components with their visible support: one row per alias and surface. Null: all components.
select a.id, a.norm, a.type, a.signature, a.component_id, a.entity_id, s.surface, sum(s.mentions)::bigint,
    sum(s.chunks)::bigint
from alias a join alias_support s on s.generation = a.generation and s.alias_id = a.id
where a.generation = %(generation)s and a.collection_id = %(collection)s and s.acl_class = any(%(classes)s::int[])
    and a.component_id is not null
    and (%(components)s::bigint[] is null or a.component_id = any(%(components)s::bigint[]))
group by a.id, a.norm, a.type, a.signature, a.component_id, a.entity_id, s.surface
order by a.id, s.surface;

-- name: visible_links
-- Links among aliases that follow from the names or are stated where the caller reads.
select left_alias, right_alias, score, reason, acl_class from resolution_decision
where generation = %(generation)s and collection_id = %(collection)s
    and (acl_class is null or acl_class = any(%(classes)s::int[]))
    and (%(ids)s::bigint[] is null or left_alias = any(%(ids)s::bigint[]));

-- name: clusters
-- How many aliases stored entities have, seen or not: only to compare with what is visible, never shown.
select id, aliases from entity where generation = %(generation)s and id = any(%(entities)s::bigint[]);

-- name: counts
-- Chunks and documents that mention each of some groups of aliases.
select g.place, count(distinct m.chunk_id), count(distinct m.document_id)
from unnest(%(places)s::int[], %(ids)s::bigint[]) as g (place, alias_id)
join mention m on m.generation = %(generation)s and m.alias_id = g.alias_id and m.acl_class = any(%(classes)s::int[])
group by g.place;

-- name: companions
-- Aliases that share visible chunks with some, and in how many chunks; a claim between them counts like three.
select alias_id, sum(weight)::bigint from (
    select o.alias_id, count(distinct o.chunk_id) as weight
    from mention m join mention o on o.generation = m.generation and o.chunk_id = m.chunk_id
        and o.acl_class = any(%(classes)s::int[])
    where m.generation = %(generation)s and m.alias_id = any(%(ids)s::bigint[])
        and m.acl_class = any(%(classes)s::int[])
    group by o.alias_id
    union all
    select case when c.subject_alias = any(%(ids)s::bigint[]) then c.object_alias else c.subject_alias end,
        3 * count(distinct c.chunk_id)
    from claim c
    where c.generation = %(generation)s and c.live and c.acl_class = any(%(classes)s::int[])
        and (c.subject_alias = any(%(ids)s::bigint[]) or c.object_alias = any(%(ids)s::bigint[]))
    group by 1
) as shared
where alias_id is not null and alias_id <> all(%(ids)s::bigint[])
group by alias_id order by 2 desc, 1 limit %(limit)s;

-- name: claims_among
-- Visible claims between some aliases.
select c.subject_alias, c.predicate, c.object_alias, array_agg(distinct c.chunk_id order by c.chunk_id)
from claim c
where c.generation = %(generation)s and c.live and c.acl_class = any(%(classes)s::int[])
    and c.subject_alias = any(%(ids)s::bigint[]) and c.object_alias = any(%(ids)s::bigint[])
group by 1, 2, 3 order by 1, 2, 3;
