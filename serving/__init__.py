"""How the world reaches it: scoring, API, engine, alert store."""
