# The Spark driver: `python -m spark ingest --source ... --collection ...`. Build from the root of the repository.
FROM python:3.11-slim-bookworm AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /src
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN uv venv /opt/kgqa && uv pip sync --require-hashes --python /opt/kgqa/bin/python requirements.lock
COPY kgqa kgqa
COPY api api
COPY schedule schedule
COPY spark spark
COPY cypher cypher
COPY migrations migrations
RUN uv pip install --no-deps --python /opt/kgqa/bin/python . \
    && KGQA_CACHE=/opt/cache /opt/kgqa/bin/python -m kgqa.embedded.models

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --create-home kgqa
COPY --from=build /opt/kgqa /opt/kgqa
COPY --from=build /opt/cache /opt/cache
ENV PATH=/opt/kgqa/bin:$PATH KGQA_CACHE=/opt/cache KGQA_HOME=/var/lib/kgqa KGQA_LOG_JSON=true
RUN install -d -o kgqa /var/lib/kgqa
USER 10001
ENTRYPOINT ["python", "-m", "spark"]
CMD ["--help"]
