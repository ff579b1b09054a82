"""The web and the queue: FastAPI with GraphQL, health and metrics; Celery workers. The only home of both frameworks."""
