-- What must hold in the record. Each statement gives the rows that break it: (what, an example), none where it holds.
-- They read whole tables: for a nightly check. Parameter: the generation.

-- name: live
-- Rows are live exactly where their version is the current one of its document, and indexed.
with state as (
    select v.id, p.version_id is not null and v.outcome = 'indexed' as live
    from document_version v left join publication p on p.generation = %(generation)s and p.version_id = v.id
), row as (
    select 'chunk_index' as part, version_id, live from chunk_index where generation = %(generation)s
    union all select 'sentence', version_id, live from sentence where generation = %(generation)s
    union all select 'name_support', version_id, live from name_support where generation = %(generation)s
    union all select 'equivalence', version_id, live from equivalence where generation = %(generation)s
    union all select 'claim', version_id, live from claim where generation = %(generation)s
)
select r.part, r.version_id::text from row r join state s on s.id = r.version_id where r.live <> s.live;

-- name: indexed
-- An indexed document has chunks in the index, each with its vector's length and its place; another has none.
select 'document without index', p.document_id::text
from publication p join document_version v on v.id = p.version_id
where p.generation = %(generation)s and v.outcome = 'indexed' and not exists (
    select from chunk_index i where i.generation = %(generation)s and i.version_id = v.id)
union all
select 'chunk without place', i.chunk_id::text
from chunk_index i
where i.generation = %(generation)s and i.live and not exists (
    select from chunk_placement p where p.version_id = i.version_id and p.chunk_id = i.chunk_id)
union all
select 'vector of another length', i.chunk_id::text
from chunk_index i join index_generation g on g.id = i.generation
where i.generation = %(generation)s and vector_dims(i.embedding) <> g.dimensions;

-- name: translations
-- A chunk that is found by the words of a translation has it, of a text in another language; and the other way round.
select 'translation without words', t.chunk_id::text
from chunk_translation t join publication p on p.generation = %(generation)s and p.version_id = t.version_id
left join chunk_index i on i.generation = p.generation and i.version_id = t.version_id and i.chunk_id = t.chunk_id
where t.language is distinct from i.translation_language or t.language = i.language
union all
select 'words without translation', i.chunk_id::text
from chunk_index i
where i.generation = %(generation)s and i.live
    and num_nonnulls(i.translation_language, i.translation_terms, i.translation_bm25) not in (0, 3)
union all
select 'words without translation', i.chunk_id::text
from chunk_index i
where i.generation = %(generation)s and i.live and i.translation_language is not null and not exists (
    select from chunk_translation t where t.version_id = i.version_id and t.chunk_id = i.chunk_id);

-- name: access
-- Everything that a document says is as visible as the document.
with class as (
    select d.id, d.acl_class, p.version_id as current_version
    from document d join publication p on p.generation = %(generation)s and p.document_id = d.id
), row as (
    select 'chunk' as part, document_id, acl_class from chunk
    union all select 'mention', document_id, acl_class from mention where generation = %(generation)s
    union all select 'alias_support', document_id, acl_class from alias_support where generation = %(generation)s
    union all select 'claim', document_id, acl_class from claim where generation = %(generation)s and live
    union all select 'name_support', document_id, acl_class from name_support where generation = %(generation)s and live
    union all
    select 'chunk_index', c.id, i.acl_class
    from chunk_index i join class c on c.current_version = i.version_id where i.generation = %(generation)s
    union all
    select 'sentence', c.id, s.acl_class
    from sentence s join class c on c.current_version = s.version_id where s.generation = %(generation)s
)
select r.part, r.document_id::text from row r join class c on c.id = r.document_id where r.acl_class <> c.acl_class;

-- name: duplicates
-- A duplicate answers through an indexed document of the same text and the same readers.
select 'duplicate without original', d.key
from publication p join document_version v on v.id = p.version_id join document d on d.id = p.document_id
left join publication o on o.generation = p.generation and o.document_id = v.duplicate_of
left join document_version w on w.id = o.version_id
where p.generation = %(generation)s and v.outcome = 'duplicate' and (w.outcome, w.text_hash, w.acl_class) is distinct from ('indexed', v.text_hash, v.acl_class);

-- name: statistics
-- Corpus sizes and document frequencies are those of the live chunks and their translations.
with counted as (
    select collection_id, language, acl_class, terms, 1 as chunks, 0 as translations
    from chunk_index where generation = %(generation)s and live
    union all
    select collection_id, translation_language, acl_class, translation_terms, 0, 1
    from chunk_index where generation = %(generation)s and live and translation_language is not null
), corpus as (
    select collection_id, language, acl_class, sum(chunks) as chunks, sum(translations) as translations
    from counted group by 1, 2, 3
), terms as (
    select i.collection_id, t.term, i.language, i.acl_class, count(*) as df
    from counted i, unnest(i.terms) as t (term) group by 1, 2, 3, 4
)
select 'corpus size', coalesce(s.language, c.language)
from corpus c
full join (select * from corpus_statistics where generation = %(generation)s) as s using (collection_id, language, acl_class)
where (c.chunks, c.translations) is distinct from (s.chunks, s.translations)
union all
select 'document frequency', term::text
from terms t
full join (select * from term_statistics where generation = %(generation)s) as s using (collection_id, term, language, acl_class)
where t.df is distinct from s.df;

-- name: names
-- Names are those that live documents support, with their senses counted in documents.
with sense as (
    select name_id, acl_class, type, signature,
        count(distinct document_id) filter (where source <> 'heading') as documents,
        count(distinct document_id) filter (where source = 'heading') as heading_documents
    from name_support where generation = %(generation)s and live group by 1, 2, 3, 4
)
select 'sense of a name', name_id::text
from sense c
full join (select * from name_sense where generation = %(generation)s) as s using (name_id, acl_class, type, signature)
where (c.documents, c.heading_documents) is distinct from (s.documents, s.heading_documents)
union all
select 'name without support', n.id::text
from name n
where n.generation = %(generation)s
    and not exists (select from name_sense s where s.generation = n.generation and s.name_id = n.id)
union all
select 'support without name', s.name_id::text
from name_sense s
where s.generation = %(generation)s
    and not exists (select from name n where n.generation = s.generation and n.id = s.name_id);

-- name: mentions
-- Mentions stand in live chunks, use names that there are, and support their alias.
select 'mention in no live chunk', m.chunk_id::text
from mention m
where m.generation = %(generation)s and not exists (
    select from chunk_index i where i.generation = m.generation and i.chunk_id = m.chunk_id and i.live)
union all
select 'mention of no name', m.name_id::text
from mention m
where m.generation = %(generation)s
    and not exists (select from name n where n.generation = m.generation and n.id = m.name_id)
union all
select 'mention of no alias', m.alias_id::text
from mention m
where m.generation = %(generation)s and not exists (
    select from alias_support s
    where s.generation = m.generation and s.alias_id = m.alias_id and s.document_id = m.document_id);

-- name: entities
-- Every alias has support and an entity; every entity has its aliases.
select 'alias without support', a.id::text
from alias a
where a.generation = %(generation)s
    and not exists (select from alias_support s where s.generation = a.generation and s.alias_id = a.id)
union all
select 'support without alias', s.alias_id::text
from alias_support s
where s.generation = %(generation)s
    and not exists (select from alias a where a.generation = s.generation and a.id = s.alias_id)
union all
select 'alias without entity', a.id::text
from alias a left join entity e on e.generation = a.generation and e.id = a.entity_id
where a.generation = %(generation)s and e.id is null
union all
select 'number of aliases', e.id::text
from entity e
left join (
    select entity_id, count(*) as aliases from alias where generation = %(generation)s group by 1
) as a on a.entity_id = e.id
where e.generation = %(generation)s and e.aliases is distinct from coalesce(a.aliases, 0);

-- name: relations
-- A relation stands on live claims, and has the entities that their names have.
select 'relation without support', r.id::text
from relation r
where r.generation = %(generation)s
    and not exists (select from relation_support s where s.generation = r.generation and s.relation_id = r.id)
union all
select 'relation on a claim that is gone', s.relation_id::text
from relation_support s
where s.generation = %(generation)s and not exists (
    select from claim c where c.generation = s.generation and c.id = s.claim_id and c.live)
union all
select 'relation of other entities', r.id::text
from relation r
join relation_support s on s.generation = r.generation and s.relation_id = r.id
join claim c on c.generation = s.generation and c.id = s.claim_id and c.live
left join alias l on l.generation = c.generation and l.id = c.subject_alias
left join alias o on o.generation = c.generation and o.id = c.object_alias
where r.generation = %(generation)s
    and (l.entity_id, o.entity_id) is distinct from (r.subject_entity, r.object_entity);

-- name: snapshot
-- All checks look at one state of the record, and no publisher is cut off by them.
set transaction isolation level repeatable read, read only;

-- name: masked
-- Each token has its value in the vault, each value a version that holds its token, and neither keeps clear bytes.
select 'token without value', u.token
from pii_use u where not exists (
    select from pii_vault s where s.collection_id = u.collection_id and s.token = u.token)
union all
select 'value that no text holds', s.token
from pii_vault s where not exists (
    select from pii_use u where u.collection_id = s.collection_id and u.token = s.token)
union all
select 'clear bytes of a masked document', v.document_id::text
from document_version v where v.raw_content_id is not null and exists (select from pii_use u where u.version_id = v.id);

-- name: raw_content
-- The bytes of documents are those that their hash says, and some version has them.
select 'bytes that no document has', c.id::text
from raw_content c where not exists (select from document_version v where v.raw_content_id = c.id)
union all
select 'bytes with another hash', c.id::text from raw_content c where c.hash <> sha256(c.data)
union all
select 'bytes of another collection', v.document_id::text
from document_version v join document d on d.id = v.document_id join raw_content c on c.id = v.raw_content_id
where c.collection_id <> d.collection_id;

-- name: hidden
-- What is deleted goes soon after it is hidden; otherwise whoever deleted it was cut off.
select 'deleted and not removed', d.key
from hidden_version h join publication p on p.generation = %(generation)s and p.version_id = h.version_id
join document d on d.id = h.document_id
where h.hidden_at < now() - interval '10 minutes';
