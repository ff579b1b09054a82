"""The GraphQL API: schema, limits, errors, and the router that speaks GraphQL over HTTP."""
