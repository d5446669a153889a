"""Sessionrank: search that follows the visit, in front of Elasticsearch and OpenSearch."""

__version__ = "0.1.0"
