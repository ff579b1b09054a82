"""Plain HTTP beside GraphQL: health, metrics, and what every request passes through."""
