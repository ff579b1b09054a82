"""Adapters: the ports on real stores and models, and scripted doubles."""
