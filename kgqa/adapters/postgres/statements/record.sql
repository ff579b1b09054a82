-- name: collection
select c.id, c.name, c.dictionary,
    (select count(*) from current_document d where d.collection_id = c.id),
    (select coalesce(sum(s.chunks), 0) from corpus_statistics s join index_generation g on g.id = s.generation
        where s.collection_id = c.id and g.state = 'active')
from collection c where c.name = %(name)s;

-- name: add_collection
insert into collection (name) values (%(name)s) on conflict (name) do nothing;

-- name: set_dictionary
update collection set dictionary = %(dictionary)s where name = %(name)s;

-- name: pii_rules
select pii_policy, pii_readers from collection where name = %(name)s;

-- name: set_pii_rules
update collection set pii_policy = %(policy)s, pii_readers = %(readers)s where name = %(name)s;

-- name: translate_to
select translate_to from collection where name = %(name)s;

-- name: set_translate_to
update collection set translate_to = %(language)s where name = %(name)s;

-- name: kept_translations
-- What an engine has translated into a language, by what it was.
select distinct on (text_hash) text_hash, text from chunk_translation
where text_hash = any(%(hashes)s::bytea[]) and language = %(language)s and engine = %(engine)s
order by text_hash, text;

-- name: remember_source
insert into source (collection_id, uri, access_uri) values (%(collection)s, %(uri)s, %(access)s)
on conflict (collection_id, uri) do update set access_uri = excluded.access_uri;

-- name: sources
select uri, access_uri from source where collection_id = %(collection)s order by id;

-- name: source
select id from source where collection_id = %(collection)s and uri = %(uri)s;

-- name: forget_source
delete from source where collection_id = %(collection)s and uri = %(uri)s;

-- name: count_restricted
-- Published documents of a source that not everybody may read.
select count(*)
from current_document d join source s on s.id = d.source_id join acl_class a on a.id = d.acl_class
where s.collection_id = %(collection)s and s.uri = %(uri)s
    and 'public' <> all(a.principals);

-- name: keys_of_source
select d.key from current_document d join source s on s.id = d.source_id
where s.collection_id = %(collection)s and s.uri = %(uri)s order by d.key;

-- name: known_keys
-- Those of some keys that documents have, published or not, with the source that would bring them back.
select d.key, s.uri
from collection c join document d on d.collection_id = c.id left join source s on s.id = d.source_id
where c.name = %(collection)s and d.key = any(%(keys)s::text[]) order by d.key;

-- name: documents_by_source
-- Published documents of the run's collection, and whether they are of its source. Uploads are nobody's to take.
select d.id, d.source_id is not distinct from r.source_id
from ingest_run r join current_document d on d.collection_id = r.collection_id
where r.id = %(run)s
    and (d.source_id is not null or not starts_with(d.key, 'upload/'));

-- name: take_over
-- Documents that are of the run's source from now on: it has them.
update document d set source_id = r.source_id from ingest_run r
where r.id = %(run)s and d.collection_id = r.collection_id and d.id = any(%(documents)s::bigint[])
    and d.source_id is distinct from r.source_id;

-- name: generation
-- The named one, or the active one.
select id, state, options, dimensions from index_generation
where case when %(generation)s::int is null then state = 'active' else id = %(generation)s end;

-- name: set_generation_options
update index_generation set options = options || %(options)s where id = %(generation)s;

-- name: hold_generation
-- Nobody makes another generation active until this transaction ends.
select id from index_generation where state = 'active' for share;

-- name: generations
-- All that hold something, by id: how many documents each has, and how many the active one has besides.
select g.id, g.state, g.options, g.dimensions,
    (select count(*) from publication p where p.generation = g.id),
    case when g.state = 'active' then 0 else (
        select count(*) from current_document d
        where not exists (select from publication p where p.generation = g.id and p.document_id = d.id)) end
from index_generation g where g.state <> 'dropped' order by g.id;

-- name: previous_generation
select id from index_generation where state in ('retired', 'building') and activated_at is not null
order by activated_at desc limit 1;

-- name: collection_names
select name from collection order by name;

-- name: set_encoder
-- Of a generation that has no vectors yet, or whose encoder was not written down with its model.
update index_generation
set options = options || jsonb_build_object('embed', %(model)s::text, 'encoder', %(encoder)s::text),
    dimensions = %(dimensions)s
where id = %(generation)s and options ->> 'encoder' is null
    and coalesce(options ->> 'embed', %(model)s::text) = %(model)s::text;

-- name: behind
-- Documents of the run's collection that the active generation has and the run's has not, and that it did not stage.
select d.id, d.key, v.uri, array(select unnest(a.principals) order by 1)
from ingest_run r join current_document d on d.collection_id = r.collection_id
join document_version v on v.id = d.current_version
join acl_class a on a.id = d.acl_class
where r.id = %(run)s and not exists (select from hidden_version h where h.version_id = d.current_version)
    and not exists (select from publication p where p.generation = r.generation and p.document_id = d.id)
    and not exists (select from document_version s where s.run_id = r.id and s.document_id = d.id)
order by d.key;

-- name: recorded
-- A document as its source delivered it, and what is left of it where only masked text is kept.
select d.key, v.uri, coalesce(c.data, ''), v.media_type, v.metadata, v.content_hash, v.title, v.text,
    array(select unnest(a.principals) order by 1), v.listing_hash
from current_document d join document_version v on v.id = d.current_version join acl_class a on a.id = d.acl_class
left join raw_content c on c.id = v.raw_content_id
where d.id = %(document)s;

-- name: sealed
select s.token, s.type, s.key_id, s.ciphertext
from pii_vault s join collection c on c.id = s.collection_id
where c.name = %(collection)s and s.token = any(%(tokens)s::text[]) order by s.token;

-- name: open_run
-- The youngest unfinished run of this source with these options.
select id from ingest_run
where collection_id = %(collection)s and generation = %(generation)s and state = 'open' and options = %(options)s
    and source_id is not distinct from %(source)s
order by id desc limit 1;

-- name: add_run
insert into ingest_run (collection_id, generation, options, source_id)
values (%(collection)s, %(generation)s, %(options)s, %(source)s) returning id;

-- name: collection_of_run
select collection_id from ingest_run where id = %(run)s;

-- name: unchanged
-- Keys whose published version, or the one that this run has staged, has these hashes of its content, or of what the
-- listing said of it. A key that the run deletes, or that is hidden, is not unchanged.
select d.key
from unnest(%(keys)s::text[], %(hashes)s::bytea[], %(titles)s::text[]) as n (key, hash, file_title)
join ingest_run r on r.id = %(run)s
join document d on d.collection_id = r.collection_id and d.key = n.key
left join publication p on p.generation = r.generation and p.document_id = d.id
    and not exists (select from hidden_version h where h.version_id = p.version_id)
join document_version v on v.document_id = d.id and (v.id = p.version_id or v.run_id = r.id)
where n.hash = case when %(by_listing)s then v.listing_hash else v.content_hash end
    and v.options_hash = case when v.title = n.file_title then %(options_by_file)s else %(options)s end
    and (v.run_id = r.id or not exists (
        select from document_version o where o.document_id = d.id and o.run_id = r.id))
    and not exists (select from staged_deletion s where s.run_id = r.id and s.document_id = d.id);

-- name: note_listing
-- What a listing says of versions whose content was compared: the next listing that says the same needs no reading.
update document_version v set listing_hash = n.listing_hash
from unnest(%(keys)s::text[], %(contents)s::bytea[], %(listings)s::bytea[]) as n (key, content_hash, listing_hash)
join ingest_run r on r.id = %(run)s
join document d on d.collection_id = r.collection_id and d.key = n.key
where v.document_id = d.id and v.content_hash = n.content_hash and v.listing_hash <> n.listing_hash;

-- name: cached_vectors
-- Vectors of texts by hash, of any generation made with this model.
select distinct on (text_hash) text_hash, embedding from (
    select c.text_hash, c.embedding from chunk_index c
    where c.generation = any(%(generations)s::int[]) and c.text_hash = any(%(hashes)s::bytea[])
    union all
    select s.text_hash, s.embedding from sentence s
    where s.generation = any(%(generations)s::int[]) and s.text_hash = any(%(hashes)s::bytea[])
) as known order by text_hash;

-- name: generations_of_model
select id from index_generation where options ->> 'embed' = %(model)s;

-- name: keys
-- Keys of all published documents: what a source is compared with to find what it no longer has.
select key from current_document where collection_id = %(collection)s order by key;
