-- name: view
-- The collection, the active generation and the caller's classes in it; no row when nothing of it is visible.
select c.id, g.id, (
    select coalesce(array_agg(distinct s.acl_class order by s.acl_class), '{}')
    from corpus_statistics s
    where s.collection_id = c.id and s.generation = g.id and s.chunks > 0 and s.acl_class = any (visible_classes())
)
from collection c cross join index_generation g
where c.name = %(collection)s and g.state = 'active'
    and exists (select from document d where d.collection_id = c.id and d.current_version is not null);

-- name: corpus
-- Visible chunks by language.
select language, sum(chunks)::bigint from corpus_statistics
where generation = %(generation)s and collection_id = %(collection)s and acl_class = any (%(classes)s) and chunks > 0
group by language order by language;

-- name: document_frequencies
-- Visible chunks that hold a term, by language of the chunk. Uses the primary key.
select term, language, sum(df)::bigint from term_statistics
where generation = %(generation)s and collection_id = %(collection)s and term = any (%(terms)s)
    and acl_class = any (%(classes)s)
group by term, language;

-- name: keyword
-- The best chunks by BM25 among those that hold a rare term of the question. Uses chunk_index_terms (GIN).
select chunk_id from chunk_index
where generation = %(generation)s and collection_id = %(collection)s and acl_class = any (%(classes)s) and live
    and terms && %(rare)s::int[]
order by bm25 <#> %(query)s, chunk_id limit %(depth)s;

-- name: vector_exact
-- The best chunks by cosine, all visible ones compared. Uses chunk_index_visible.
with visible as materialized (
    select chunk_id, embedding <=> %(vector)s as distance from chunk_index
    where generation = %(generation)s and collection_id = %(collection)s and acl_class = any (%(classes)s) and live
)
select chunk_id from visible order by distance, chunk_id limit %(depth)s;

-- name: sentence_exact
-- The best chunks by their best sentence, all visible ones compared. Uses sentence_visible.
with visible as materialized (
    select chunk_id, min(embedding <=> %(vector)s) as distance from sentence
    where generation = %(generation)s and collection_id = %(collection)s and acl_class = any (%(classes)s) and live
    group by chunk_id
)
select chunk_id from visible order by distance, chunk_id limit %(depth)s;

-- name: vector_nearest
-- The same over a large visible set, approximately: iterative scan of the HNSW index of the generation's partition,
-- five times too many, sorted again. The cast has to be that of the index.
with near as materialized (
    select chunk_id, embedding::halfvec(384) <=> %(vector)s::halfvec(384) as distance from chunk_index
    where generation = %(generation)s and collection_id = %(collection)s and acl_class = any (%(classes)s) and live
    order by embedding::halfvec(384) <=> %(vector)s::halfvec(384) limit %(depth)s * 5
)
select chunk_id from near order by distance + 0, chunk_id limit %(depth)s;

-- name: sentence_nearest
-- The same for sentences.
with near as materialized (
    select chunk_id, embedding::halfvec(384) <=> %(vector)s::halfvec(384) as distance from sentence
    where generation = %(generation)s and collection_id = %(collection)s and acl_class = any (%(classes)s) and live
    order by embedding::halfvec(384) <=> %(vector)s::halfvec(384) limit %(depth)s * 5
)
select chunk_id from near group by chunk_id order by min(distance), chunk_id limit %(depth)s;

-- name: scores
-- All three scores of some chunks, exactly. Uses the primary keys.
select c.chunk_id, c.language,
    case when c.terms && %(terms)s::int[] then -(c.bm25 <#> %(query)s) else 0 end,
    1 - (c.embedding <=> %(vector)s),
    coalesce(s.cosine, 1 - (c.embedding <=> %(vector)s))
from chunk_index c left join lateral (
    select max(1 - (s.embedding <=> %(vector)s)) as cosine from sentence s
    where s.generation = c.generation and s.chunk_id = c.chunk_id and s.version_id = c.version_id
) s on true
where c.generation = %(generation)s and c.collection_id = %(collection)s and c.acl_class = any (%(classes)s) and c.live
    and c.chunk_id = any (%(chunks)s)
order by c.chunk_id;

-- name: sentence_scores
-- Cosines of the sentences of some chunks. Uses the primary key.
select chunk_id, start_offset, end_offset, 1 - (embedding <=> %(vector)s) from sentence
where generation = %(generation)s and chunk_id = any (%(chunks)s) and acl_class = any (%(classes)s) and live
order by chunk_id, ordinal;

-- name: names
-- Names that visible documents support other than as a heading, or as a heading of no more than three.
select n.id, n.norm from name n join lateral (
    select sum(s.documents) as documents, sum(s.heading_documents) as headings from name_sense s
    where s.generation = n.generation and s.name_id = n.id and s.acl_class = any (%(classes)s)
) s on s.documents > 0 or s.headings between 1 and 3
where n.generation = %(generation)s and n.collection_id = %(collection)s and n.norm = any (%(norms)s)
order by n.norm;

-- name: longest_name
-- Most tokens in a visible name; row-level security leaves only those. Uses name_tokens.
select tokens from name where generation = %(generation)s and collection_id = %(collection)s
order by tokens desc limit 1;

-- name: mentions
-- Mentions in some chunks, with the type of their sense. Uses the primary key.
select m.chunk_id, m.start_offset, m.end_offset, m.name_id, a.norm, m.is_title, a.type
from mention m join alias a on a.generation = m.generation and a.id = m.alias_id
where m.generation = %(generation)s and m.chunk_id = any (%(chunks)s) and m.acl_class = any (%(classes)s)
order by m.chunk_id, m.start_offset, m.end_offset, m.is_title, a.norm;

-- name: evidence
-- Texts and places of some chunks. Uses primary keys.
select c.id, d.id, d.key, v.title, v.uri, p.heading_path, p.page, p.start_offset, p.end_offset, c.text, p.language,
    coalesce((
        select array_agg(array[s.start_offset, s.end_offset] order by s.ordinal) from sentence s
        where s.generation = %(generation)s and s.chunk_id = c.id and s.version_id = v.id
    ), '{}')
from chunk c
    join document d on d.id = c.document_id
    join document_version v on v.id = d.current_version
    join chunk_placement p on p.version_id = v.id and p.chunk_id = c.id
where c.id = any (%(chunks)s) and c.acl_class = any (%(classes)s) and c.collection_id = %(collection)s;

-- name: document_keys
-- Keys of the documents of some chunks, and of the visible documents that have the same text.
select c.id, array_agg(distinct k.key order by k.key)
from chunk c join document d on d.id = c.document_id cross join lateral (
    select d.key
    union all
    select o.key from document_version v join document o on o.id = v.document_id and o.current_version = v.id
    where v.duplicate_of = d.id and o.acl_class = any (%(classes)s)
) k
where c.id = any (%(chunks)s) and c.acl_class = any (%(classes)s)
group by c.id;
