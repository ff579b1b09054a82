-- Everything in the record that follows from the documents: without ids of runs and versions, and without entity ids,
-- which are historical. Who may read a row stands for its class. Two records of the same documents agree in all of it.

-- name: document
select key, (select a.principals from acl_class a where a.id = acl_class) from document;

-- name: version
select d.key, v.outcome, v.reason, v.media_type, v.language, v.title, v.metadata, v.text,
    (select key from document o where o.id = v.duplicate_of),
    (select key from document o where o.id = v.near_duplicate_of), v.id = c.current_version
from document_version v join document d on d.id = v.document_id left join current_document c on c.id = d.id;

-- name: address
select d.key, v.uri from document_version v join document d on d.id = v.document_id;

-- name: chunk
select c.id, c.text, (select a.principals from acl_class a where a.id = acl_class) from chunk c;

-- name: chunk_translation
select chunk_id, language, engine, text from chunk_translation;

-- name: chunk_index
select chunk_id, live, terms, translation_language, translation_terms, embedding::text, (select a.principals from acl_class a where a.id = acl_class)
from chunk_index;

-- name: sentence
select chunk_id, ordinal, live from sentence;

-- name: name
select id, norm, tokens, first_token from name;

-- name: name_support
select name_id, document_id, chunk_id, source, type, signature, live from name_support;

-- name: name_sense
select name_id, (select a.principals from acl_class a where a.id = acl_class), type, signature, documents,
    heading_documents
from name_sense;

-- name: mention
select chunk_id, start_offset, end_offset, name_id, alias_id, is_title, document_id from mention;

-- name: claim
select id, chunk_id, subject_alias, predicate, object_alias, live from claim;

-- name: alias
select id, norm, type, signature, component_id from alias;

-- name: alias_support
select alias_id, document_id, surface, mentions, chunks from alias_support;

-- name: alias_key
select key, alias_id from alias_key;

-- name: partition
select array_agg(id order by id) from alias group by entity_id;

-- name: entities
select count(*) from entity;

-- name: decision
select left_alias, right_alias, reason, score, chunk_id from resolution_decision;

-- name: relation
select (select min(id) from alias where entity_id = subject_entity), predicate,
    (select min(id) from alias where entity_id = object_entity),
    (select array_agg(claim_id order by claim_id) from relation_support s where s.relation_id = r.id)
from relation r;

-- name: corpus
select language, (select a.principals from acl_class a where a.id = acl_class), chunks, translations
from corpus_statistics;

-- name: terms
select term, language, (select a.principals from acl_class a where a.id = acl_class), df from term_statistics;
