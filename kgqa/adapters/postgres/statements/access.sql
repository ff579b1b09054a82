-- name: make_moved_class
create temp table moved_class (document_id bigint primary key, old_version bigint, new_version bigint, acl_class int)
    on commit drop;

-- name: copy_versions
-- The current versions of some documents, staged again for other readers.
with wanted as (
    select d.id, d.current_version, n.acl_class
    from unnest(%(keys)s::text[], %(classes)s::int[]) as n (key, acl_class)
    join current_document d on d.collection_id = %(collection)s and d.key = n.key
        and not exists (select from hidden_version h where h.version_id = d.current_version)
), made as (
    insert into document_version (
        document_id, run_id, acl_class, content_hash, options_hash, outcome, reason, uri, media_type, language, title,
        metadata, warnings, text, raw_content_id, text_hash, minhash
    )
    select v.document_id, %(run)s, w.acl_class, v.content_hash, v.options_hash,
        case v.outcome when 'duplicate' then 'indexed' else v.outcome end,
        case v.outcome when 'duplicate' then '' else v.reason end,
        v.uri, v.media_type, v.language, v.title, v.metadata, v.warnings, v.text, v.raw_content_id, v.text_hash,
        v.minhash
    from wanted w join document_version v on v.id = w.current_version
    order by v.document_id
    on conflict (document_id, run_id) do nothing
    returning id, document_id, acl_class
)
insert into moved_class
select m.document_id, w.current_version, m.id, m.acl_class from made m join wanted w on w.id = m.document_id;

-- name: copy_placements
insert into chunk_placement (
    version_id, ordinal, chunk_id, heading_path, row_key, language, page, start_offset, end_offset, from_seconds,
    to_seconds
)
select m.new_version, p.ordinal, p.chunk_id, p.heading_path, p.row_key, p.language, p.page, p.start_offset,
    p.end_offset, p.from_seconds, p.to_seconds
from moved_class m join chunk_placement p on p.version_id = m.old_version;

-- name: copy_chunk_translations
insert into chunk_translation (version_id, chunk_id, language, engine, text, text_hash)
select m.new_version, t.chunk_id, t.language, t.engine, t.text, t.text_hash
from moved_class m join chunk_translation t on t.version_id = m.old_version;

-- name: copy_chunk_index
insert into chunk_index (
    generation, chunk_id, version_id, collection_id, acl_class, language, terms, bm25, text_hash, embedding,
    translation_language, translation_terms, translation_bm25
)
select i.generation, i.chunk_id, m.new_version, i.collection_id, m.acl_class, i.language, i.terms, i.bm25,
    i.text_hash, i.embedding, i.translation_language, i.translation_terms, i.translation_bm25
from moved_class m join chunk_index i on i.version_id = m.old_version and i.generation = %(generation)s;

-- name: copy_sentences
insert into sentence (
    generation, chunk_id, version_id, ordinal, start_offset, end_offset, collection_id, acl_class, text_hash, embedding
)
select s.generation, s.chunk_id, m.new_version, s.ordinal, s.start_offset, s.end_offset, s.collection_id, m.acl_class,
    s.text_hash, s.embedding
from moved_class m join sentence s on s.version_id = m.old_version and s.generation = %(generation)s;

-- name: copy_name_supports
insert into name_support (
    generation, name_id, norm, document_id, version_id, chunk_id, source, type, signature, surface, acl_class
)
select s.generation, s.name_id, s.norm, s.document_id, m.new_version, s.chunk_id, s.source, s.type, s.signature,
    s.surface, m.acl_class
from moved_class m join name_support s on s.version_id = m.old_version and s.generation = %(generation)s;

-- name: copy_equivalences
insert into equivalence (
    generation, version_id, chunk_id, left_name, right_name, collection_id, document_id, acl_class
)
select e.generation, m.new_version, e.chunk_id, e.left_name, e.right_name, e.collection_id, e.document_id, m.acl_class
from moved_class m join equivalence e on e.version_id = m.old_version and e.generation = %(generation)s;

-- name: copy_claims
insert into claim (
    generation, id, version_id, chunk_id, start_offset, end_offset, subject_name, predicate, object_name,
    collection_id, document_id, acl_class
)
select c.generation, c.id, m.new_version, c.chunk_id, c.start_offset, c.end_offset, c.subject_name, c.predicate,
    c.object_name, c.collection_id, c.document_id, m.acl_class
from moved_class m join claim c on c.version_id = m.old_version and c.generation = %(generation)s;

-- name: copy_pii_uses
-- What the tokens stand for goes with the last version that holds them.
insert into pii_use (version_id, collection_id, token)
select m.new_version, u.collection_id, u.token from moved_class m join pii_use u on u.version_id = m.old_version;
