-- Reads of kgqa_app on one snapshot. chunk_index and sentence have no row-level security: %(classes)s is what keeps
-- rows that others may read out of every one of these statements, and hidden_versions() those of deleted documents.
-- Text comes only from tables that have it.

-- name: sealed_values
-- Masked values of tokens; row-level security leaves those that the caller may see.
select s.token, s.type, s.key_id, s.ciphertext
from pii_vault s join collection c on c.id = s.collection_id
where c.name = %(collection)s and s.token = any(%(tokens)s::text[]) order by s.token;

-- name: dictionary
select dictionary from collection where name = %(collection)s;

-- name: view
-- The collection, the named generation or the active one, the classes that these principals see and documents of it
-- have, how many chunks that makes, and the encoder of its vectors.
with view as (
    select c.id as collection, g.id as generation, g.options, array(
        select a.id from acl_class a
        where a.principals && %(principals)s::text[]
            and exists (
                select from document d join publication p on p.document_id = d.id and p.generation = g.id
                where d.collection_id = c.id and d.acl_class = a.id)
        order by a.id) as classes
    from collection c, index_generation g
    where c.name = %(collection)s
        and case when %(generation)s::int is null then g.state = 'active' else g.id = %(generation)s end
)
select v.collection, v.generation, v.classes, (
    select coalesce(sum(s.chunks), 0)::bigint from corpus_statistics s
    where s.generation = v.generation and s.collection_id = v.collection and s.acl_class = any(v.classes)),
    coalesce(v.options ->> 'embed', ''), coalesce(v.options ->> 'encoder', '')
from view v;

-- name: languages
-- How many live visible chunks there are in each language, and how many with their translations.
select language, sum(chunks)::bigint, sum(chunks + translations)::bigint from corpus_statistics
where generation = %(generation)s and collection_id = %(collection)s and acl_class = any(%(classes)s::int[])
group by language order by language;

-- name: frequencies
-- In how many live visible chunks of a language, or chunks translated to it, a term occurs.
select q.language, q.term, sum(s.df)::bigint
from unnest(%(languages)s::text[], %(terms)s::int[]) as q (language, term)
join term_statistics s on s.generation = %(generation)s and s.collection_id = %(collection)s and s.term = q.term
    and s.language = q.language and s.acl_class = any(%(classes)s::int[])
group by 1, 2;

-- name: candidates_exact
-- Union of the best %(depth)s chunks by each of keyword, chunk vector and best sentence: exact, for visible sets that
-- can be read whole.
with keyword as (
    select best.chunk_id
    from unnest(%(languages)s::text[], %(rare)s::text[], %(queries)s::text[]) as q (language, rare, query)
    cross join lateral (
        (
            select i.chunk_id, i.bm25 <#> q.query::sparsevec as distance from chunk_index i
            where i.generation = %(generation)s and i.live and i.collection_id = %(collection)s
                and i.version_id <> all((select hidden_versions())::bigint[])
                and i.acl_class = any(%(classes)s::int[]) and i.language = q.language and i.terms && q.rare::int[]
            order by distance, i.chunk_id limit %(depth)s
        ) union all (
            select i.chunk_id, i.translation_bm25 <#> q.query::sparsevec as distance from chunk_index i
            where i.generation = %(generation)s and i.live and i.collection_id = %(collection)s
                and i.version_id <> all((select hidden_versions())::bigint[])
                and i.acl_class = any(%(classes)s::int[]) and i.translation_language = q.language
                and i.translation_terms && q.rare::int[]
            order by distance, i.chunk_id limit %(depth)s
        )
    ) as best
    group by best.chunk_id
    order by min(best.distance), best.chunk_id limit %(depth)s
), vector as (
    select i.chunk_id from chunk_index i
    where i.generation = %(generation)s and i.live and i.collection_id = %(collection)s
        and i.version_id <> all((select hidden_versions())::bigint[])
        and i.acl_class = any(%(classes)s::int[])
    order by i.embedding <=> %(vector)s, i.chunk_id limit %(depth)s
), sentence as (
    select s.chunk_id from sentence s
    where s.generation = %(generation)s and s.live and s.collection_id = %(collection)s
        and s.version_id <> all((select hidden_versions())::bigint[])
        and s.acl_class = any(%(classes)s::int[])
    group by s.chunk_id
    order by min(s.embedding <=> %(vector)s), s.chunk_id limit %(depth)s
)
select chunk_id from keyword union select chunk_id from vector union select chunk_id from sentence;

-- name: candidates_hnsw
-- The same through the vector indexes, for large visible sets: filters apply after the index, so its scan goes on
-- until enough visible rows are found (hnsw.iterative_scan), and sentences are over-fetched because several may lie
-- in one chunk.
with keyword as (
    select best.chunk_id
    from unnest(%(languages)s::text[], %(rare)s::text[], %(queries)s::text[]) as q (language, rare, query)
    cross join lateral (
        (
            select i.chunk_id, i.bm25 <#> q.query::sparsevec as distance from chunk_index i
            where i.generation = %(generation)s and i.live and i.collection_id = %(collection)s
                and i.version_id <> all((select hidden_versions())::bigint[])
                and i.acl_class = any(%(classes)s::int[]) and i.language = q.language and i.terms && q.rare::int[]
            order by distance, i.chunk_id limit %(depth)s
        ) union all (
            select i.chunk_id, i.translation_bm25 <#> q.query::sparsevec as distance from chunk_index i
            where i.generation = %(generation)s and i.live and i.collection_id = %(collection)s
                and i.version_id <> all((select hidden_versions())::bigint[])
                and i.acl_class = any(%(classes)s::int[]) and i.translation_language = q.language
                and i.translation_terms && q.rare::int[]
            order by distance, i.chunk_id limit %(depth)s
        )
    ) as best
    group by best.chunk_id
    order by min(best.distance), best.chunk_id limit %(depth)s
), vector as materialized (
    select i.chunk_id, i.embedding::halfvec(384) <=> %(vector)s::halfvec(384) as distance from chunk_index i
    where i.generation = %(generation)s and i.live and i.collection_id = %(collection)s
        and i.version_id <> all((select hidden_versions())::bigint[])
        and i.acl_class = any(%(classes)s::int[])
    order by i.embedding::halfvec(384) <=> %(vector)s::halfvec(384) limit %(depth)s
), sentence as materialized (
    select s.chunk_id, s.embedding::halfvec(384) <=> %(vector)s::halfvec(384) as distance from sentence s
    where s.generation = %(generation)s and s.live and s.collection_id = %(collection)s
        and s.version_id <> all((select hidden_versions())::bigint[])
        and s.acl_class = any(%(classes)s::int[])
    order by s.embedding::halfvec(384) <=> %(vector)s::halfvec(384) limit 6 * %(depth)s
)
select chunk_id from keyword union select chunk_id from vector
union (select chunk_id from sentence group by chunk_id order by min(distance), chunk_id limit %(depth)s);

-- name: scores
-- All three scores of some visible chunks, exactly; by keyword the better one of the chunk and its translation.
select i.chunk_id, i.language, coalesce(i.translation_language, ''),
    greatest(
        case when i.terms && q.rare::int[] then -(i.bm25 <#> q.query::sparsevec) end,
        case when i.translation_terms && t.rare::int[] then -(i.translation_bm25 <#> t.query::sparsevec) end, 0),
    1 - (i.embedding <=> %(vector)s),
    coalesce((
        select max(1 - (s.embedding <=> %(vector)s)) from sentence s
        where s.generation = i.generation and s.chunk_id = i.chunk_id and s.version_id = i.version_id),
        1 - (i.embedding <=> %(vector)s))
from chunk_index i
left join unnest(%(languages)s::text[], %(rare)s::text[], %(queries)s::text[]) as q (language, rare, query)
    on q.language = i.language
left join unnest(%(languages)s::text[], %(rare)s::text[], %(queries)s::text[]) as t (language, rare, query)
    on t.language = i.translation_language
where i.generation = %(generation)s and i.chunk_id = any(%(chunks)s::bigint[]) and i.live
    and i.version_id <> all((select hidden_versions())::bigint[])
    and i.acl_class = any(%(classes)s::int[])
order by i.chunk_id;

-- name: sentence_scores
select s.chunk_id, s.start_offset, s.end_offset, 1 - (s.embedding <=> %(vector)s)
from sentence s
where s.generation = %(generation)s and s.chunk_id = any(%(chunks)s::bigint[]) and s.live
    and s.version_id <> all((select hidden_versions())::bigint[])
    and s.acl_class = any(%(classes)s::int[])
order by s.chunk_id, s.ordinal;

-- name: names
-- Names that visible documents support other than as a heading, or as a heading of no more than three.
select n.id, n.norm from name n
where n.generation = %(generation)s and n.collection_id = %(collection)s and n.norm = any(%(norms)s::text[])
    and (
        select sum(s.documents) > 0 or sum(s.heading_documents) <= 3 from name_sense s
        where s.generation = n.generation and s.name_id = n.id and s.acl_class = any(%(classes)s::int[]))
order by n.norm;

-- name: longest_name_tokens
select n.tokens from name n
where n.generation = %(generation)s and n.collection_id = %(collection)s
    and exists (
        select from name_sense s
        where s.generation = n.generation and s.name_id = n.id and s.acl_class = any(%(classes)s::int[]))
order by n.tokens desc limit 1;

-- name: mentions
select m.chunk_id, m.start_offset, m.end_offset, m.name_id, a.norm, m.is_title, a.type
from mention m join alias a on a.generation = m.generation and a.id = m.alias_id
where m.generation = %(generation)s and m.chunk_id = any(%(chunks)s::bigint[])
    and m.acl_class = any(%(classes)s::int[])
order by m.chunk_id, m.start_offset, m.end_offset, m.is_title, a.norm;

-- name: evidence
-- Text and place of live visible chunks, in the order asked for; sentences as pairs of offsets.
select i.chunk_id, d.id, d.key, v.title, v.uri, p.heading_path, p.page, p.start_offset, p.end_offset, c.text,
    i.language,
    array(
        select array[s.start_offset, s.end_offset] from sentence s
        where s.generation = i.generation and s.chunk_id = i.chunk_id and s.version_id = i.version_id
        order by s.ordinal),
    p.from_seconds, p.to_seconds, coalesce(t.text, ''), coalesce(t.language, '')
from unnest(%(chunks)s::bigint[]) with ordinality as wanted (id, place)
join chunk_index i on i.generation = %(generation)s and i.chunk_id = wanted.id and i.live
    and i.version_id <> all((select hidden_versions())::bigint[])
    and i.collection_id = %(collection)s and i.acl_class = any(%(classes)s::int[])
join chunk c on c.id = i.chunk_id
join document_version v on v.id = i.version_id
join document d on d.id = v.document_id
join chunk_placement p on p.version_id = v.id and p.chunk_id = c.id
left join chunk_translation t on t.version_id = v.id and t.chunk_id = c.id
order by wanted.place;

-- name: document_keys
-- Keys of the document of each chunk and of its exact duplicates.
select i.chunk_id, array(
    select o.key from document_version w join document o on o.id = w.document_id
    join publication p on p.generation = i.generation and p.document_id = o.id and p.version_id = w.id
    where (w.id = v.id or w.duplicate_of = v.document_id) and w.acl_class = any(%(classes)s::int[])
    order by o.key)
from chunk_index i join document_version v on v.id = i.version_id
where i.generation = %(generation)s and i.chunk_id = any(%(chunks)s::bigint[]) and i.live
    and i.version_id <> all((select hidden_versions())::bigint[])
    and i.acl_class = any(%(classes)s::int[])
order by i.chunk_id;

-- name: large_generations
-- Generations with more live chunks than that, for `ensure_vector_indexes` (role kgqa_owner).
select g.id, g.dimensions from index_generation g
where g.state <> 'dropped'
    and (select sum(chunks) from corpus_statistics s where s.generation = g.id) > %(chunks)s
order by g.id;

-- name: lock_vector_indexes
-- Held until the connection closes; false while another process makes indexes.
select pg_try_advisory_lock(hashtext('kgqa.vector_indexes'));

-- name: index_is_valid
select i.indisvalid and coalesce(c.reloptions, '{}') @> %(options)s::text[]
from pg_index i join pg_class c on c.oid = i.indexrelid
where i.indexrelid = to_regclass(%(name)s);

-- name: index_build_share
-- How much of its table an index that is being built has read, 0 to 1; no row when it is not being built.
select case
    when p.phase like 'building%%' then coalesce(p.blocks_done::float / nullif(p.blocks_total, 0), 0)
    when p.phase like '%%validat%%' or p.phase like '%%old snapshots' then 1
    else 0
end
from pg_stat_progress_create_index p where p.index_relid = to_regclass(%(name)s);

-- name: live_rows
-- About how many rows of a partition are live: what its index by visibility holds.
select greatest(c.reltuples, 0)::bigint from pg_class c where c.oid = to_regclass(%(table)s);

-- name: set_build_memory
-- At least what the server gives by itself.
select set_config('maintenance_work_mem', greatest(pg_size_bytes(current_setting('maintenance_work_mem')) / 1024,
    %(kilobytes)s)::text || 'kB', false);
