"""Pure functions from text to rows: no network, no clock, no file system, no Prefect, no DuckDB."""
