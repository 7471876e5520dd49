"""Swagger UI at /v1/docs and the OpenAPI document at /v1/openapi.json, all from own files."""
