"""Stores rows in ClickHouse through chdb and prints how many bytes they take, merged into one part.

Called by `benches` with one argument, JSON: `rows` (a file of RowBinary), `store` (a directory to be
made), `tags` (names, the sorting key before time) and `columns` (name and type, in the file's order).
Prints JSON: version, rows, bytes, codecs. Of several sets of codecs the smallest result counts.
"""

import json
import sys

from chdb.session import Session

# By type; the key's texts and all other texts are dictionary-coded (LowCardinality).
CODECS = {
    "Delta, ZSTD(1)": {
        "DateTime64(3)": "Delta, ZSTD(1)",
        "Int64": "Delta, ZSTD(1)",
        "Float64": "Delta, ZSTD(1)",
        "text": "ZSTD(1)",
    },
    "DoubleDelta and Delta, ZSTD(3)": {
        "DateTime64(3)": "DoubleDelta, ZSTD(3)",
        "Int64": "Delta, ZSTD(3)",
        "Float64": "Delta, ZSTD(3)",
        "text": "ZSTD(3)",
    },
    "DoubleDelta, T64 and Gorilla, ZSTD(1)": {
        "DateTime64(3)": "DoubleDelta, ZSTD(1)",
        "Int64": "T64, ZSTD(1)",
        "Float64": "Gorilla, ZSTD(1)",
        "text": "ZSTD(1)",
    },
}


def scalar(session, query):
    return json.loads(session.query(query, "JSONCompact").bytes())["data"][0][0]


def measure(session, order, number, codecs):
    table = f"bench.t{number}"
    columns = [
        f"`{name}` {kind} CODEC({codecs.get(kind, codecs['text'])})" for name, kind in order["columns"]
    ]
    key = ", ".join(f"`{name}`" for name in [*order["tags"], "time"])
    session.query(
        f"CREATE TABLE {table} ({', '.join(columns)}) ENGINE = MergeTree ORDER BY ({key})"
    )
    structure = ", ".join(f"`{name}` {kind}" for name, kind in order["columns"])
    structure = structure.replace("'", "\\'")
    session.query(
        f"INSERT INTO {table} SELECT * FROM file('{order['rows']}', 'RowBinary', '{structure}')"
    )
    session.query(f"OPTIMIZE TABLE {table} FINAL")
    parts = "FROM system.parts WHERE active AND database = 'bench' AND table = "
    rows = int(scalar(session, f"SELECT sum(rows) {parts} 't{number}'"))
    size = int(scalar(session, f"SELECT sum(bytes_on_disk) {parts} 't{number}'"))
    session.query(f"DROP TABLE {table} SYNC")
    return rows, size


def main():
    order = json.loads(sys.argv[1])
    session = Session(order["store"])
    session.query("CREATE DATABASE bench ENGINE = Atomic")
    results = []
    for number, (name, codecs) in enumerate(CODECS.items()):
        rows, size = measure(session, order, number, codecs)
        results.append((size, rows, name))
        print(f"clickhouse: {name}: {size} bytes", file=sys.stderr)
    size, rows, name = min(results)
    version = scalar(session, "SELECT version()")
    print(json.dumps({"version": version, "rows": rows, "bytes": size, "codecs": name}))


main()
