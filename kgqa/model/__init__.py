"""The nouns of kgqa: frozen values that import nothing but the standard library and numpy."""
