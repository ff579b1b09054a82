-- A source remembers where its access lists are, so that reading it again gives nobody more access than before.
alter table source add column access_uri text;
