"""Names of the catalogue's fields that the indexer writes and the proxy reads."""

from __future__ import annotations

__all__ = ["POPULARITY", "SKU"]

#: The product id; also the document's ``_id``.
SKU = "sku"
#: A float: how much a product is bought.
POPULARITY = "popularity"
