"""When and where: Prefect flows, the command line, and the adapters to files, network and DuckDB."""
