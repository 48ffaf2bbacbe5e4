"""The HTTP API: routers, bodies, problems."""
