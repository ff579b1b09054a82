"""Kafka: where a broker is, and sending messages. Spark reads topics; nothing here does."""
