"""The schema, with what every operation passes through. `python -m api.graphql` writes schema.graphql from it."""

from __future__ import annotations

from pathlib import Path

import strawberry
from graphql import ASTValidationRule, GraphQLError, NoSchemaIntrospectionCustomRule
from strawberry.extensions import AddValidationRules, MaxTokensLimiter
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from api.graphql.limits import OperationLimits, limits_rule
from api.graphql.mutations import Mutation
from api.graphql.queries import Query
from api.graphql.subscriptions import Subscription
from api.graphql.types.documents import Document
from api.graphql.types.entities import Entity
from api.graphql.types.jobs import Job

SCHEMA_FILE = Path(__file__).parent / "schema.graphql"


class Schema(strawberry.Schema):
    """Errors are logged where they leave (`api.graphql.errors`), not by Strawberry."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing here."""


def build_schema(*, introspection: bool, limits: OperationLimits | None = None) -> Schema:
    """The schema under these limits; introspection is for development."""
    limits = limits or OperationLimits()
    rules: list[type[ASTValidationRule]] = [limits_rule(limits, introspection=introspection)]
    if not introspection:
        rules.append(NoSchemaIntrospectionCustomRule)
    return Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Document, Entity, Job],
        extensions=[lambda: MaxTokensLimiter(max_token_count=limits.tokens), lambda: AddValidationRules(rules)],
        config=StrawberryConfig(disable_field_suggestions=True, relay_max_results=100),
    )


def schema_text() -> str:
    """schema.graphql."""
    return build_schema(introspection=True).as_str() + "\n"
