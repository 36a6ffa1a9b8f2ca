"""Descriptions of columns where readers of Parquet look for them."""

from __future__ import annotations

import base64
from collections.abc import Sequence

ARROW_SCHEMA = "ARROW:schema"
"""The key-value pair that Arrow's writers add: their schema, serialised and in Base64
(https://arrow.apache.org/docs/cpp/parquet.html#roundtripping-arrow-types-and-schema)."""


def field_descriptions(columns: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    """The key-value metadata that gives each field its description in Arrow, pandas and Polars.

    `columns` are name, DuckDB type and description. DuckDB writes no metadata of fields itself.
    """
    import pyarrow as pa

    types = {
        "VARCHAR": pa.string(),
        "BIGINT": pa.int64(),
        "INTEGER": pa.int32(),
        "DOUBLE": pa.float64(),
        "BOOLEAN": pa.bool_(),
        "DATE": pa.date32(),
    }
    schema = pa.schema([pa.field(name, types[kind], metadata={"description": text}) for name, kind, text in columns])
    return {ARROW_SCHEMA: base64.b64encode(schema.serialize().to_pybytes()).decode("ascii")}
