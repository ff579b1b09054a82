"""What the schema's fields return: views of the core's values, one module per noun."""
