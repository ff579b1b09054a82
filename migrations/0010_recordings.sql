-- Where in a recording a chunk was said: from and to in seconds; null in documents that are none.
alter table chunk_placement add column from_seconds double precision;
alter table chunk_placement add column to_seconds double precision;
