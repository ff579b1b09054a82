-- What the listing of a lake said of a file when it was read (etag, size, times, readers), as a hash: a file of which it
-- says the same is not opened again. Empty: not known, its content is compared.
alter table document_version add column listing_hash bytea not null default '';
