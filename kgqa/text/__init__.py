"""What ingest and ask share about text: names, sentences, terms, language."""
