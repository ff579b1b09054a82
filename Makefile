.PHONY: help demo test unit lint format types imports check lock docs

help: ## list these commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: ## set up everything and answer three questions
	./run kgqa demo

test: ## every test, on real servers
	./run pytest

unit: ## tests that need no server
	./run pytest tests/unit tests/architecture tests/golden

lint: ## ruff
	./run ruff format --check .
	./run ruff check .

format: ## let ruff format and fix
	./run ruff format .
	./run ruff check --fix .

types: ## basedpyright, strict
	./run basedpyright

imports: ## import contracts
	./run lint-imports

check: lint types imports ## all checks that run nothing

lock: ## resolve the dependencies anew
	uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes --no-annotate --no-header -q -o requirements.lock
	uv pip compile pyproject.toml --group dev --python-version 3.11 --universal --generate-hashes --no-annotate --no-header -q -o requirements-dev.lock
	uv pip compile pyproject.toml --extra models --group dev --python-version 3.11 --universal --generate-hashes --no-annotate --no-header -q -c requirements-dev.lock -o requirements-models.lock
	uv pip compile pyproject.toml --extra audio --group dev --python-version 3.11 --universal --generate-hashes --no-annotate --no-header -q -c requirements-dev.lock -o requirements-audio.lock

docs: ## regenerate what is generated: settings, GraphQL schema, SQL schema
	./run python -m kgqa.documents
