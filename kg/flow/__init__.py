"""Resolution in steps that need no more than one document or one group of rows at a time, for corpora that do not fit memory.

``rows`` is what flows, ``plan`` the order of the steps, ``claiming``, ``placing`` and ``gathering`` are the steps, pure functions
all. An engine runs them: ``duck`` on one machine with DuckDB and Parquet files, ``kg.spark`` on many. The result is that of
``kg.resolve``, which holds the whole corpus in memory, to the last byte.
"""
