"""Rows from and to files: CSV, TSV, JSON, newline-delimited JSON, and Parquet where pyarrow is installed."""

from __future__ import annotations

from ...vtables.errors import HostqlError
from .destination import format_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, BinaryIO, TextIO

    Rows = tuple[list[str], Iterator[Sequence[Any]]]

# Rows of one group of a Parquet file.
GROUP = 20_000


def read_rows(path: str) -> Rows:
    """The columns and rows of a file, by its ending. HostqlError where it cannot be read or understood."""
    kind = _kind(path)
    if kind == "parquet":
        return _read_parquet(path)
    try:
        file = open(path, encoding="utf-8-sig", newline="")
    except OSError as error:
        raise HostqlError(f"cannot read {path}: {error.strerror}") from error
    try:
        return _READERS[kind](file, path)
    except (ValueError, UnicodeDecodeError) as error:
        raise HostqlError(f"{path} cannot be understood as {kind}: {error}") from error


def write_rows(path: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write a file in the format of its ending; returns how many rows. The file appears only when it is whole."""
    from ...vtables.files.write import NewFile

    kind = _kind(path)
    try:
        with NewFile(path) as file:
            if kind == "parquet":
                return _write_parquet(file.binary(), columns, rows)
            from ..formats import write

            return write(kind, columns, rows, file.text())
    except OSError as error:
        raise HostqlError(f"cannot write {path}: {error.strerror or error}") from error


def _kind(path: str) -> str:
    if path.lower().endswith((".parquet", ".pq")):
        return "parquet"
    kind = format_for(path)
    if not kind:
        raise HostqlError(f"{path}: the ending does not tell a format", "Use .csv, .tsv, .json, .ndjson or .parquet.")
    return kind


def _read_csv(file: TextIO, path: str) -> Rows:
    import csv

    delimiter = "\t" if format_for(path) == "tsv" else ","
    reader = csv.reader(file, delimiter=delimiter)
    columns = _distinct(next(reader, []))
    if not columns:
        raise ValueError("it is empty")

    def rows() -> Iterator[Sequence[Any]]:
        with file:
            for row in reader:
                if len(row) != len(columns):
                    where = f"{path}, line {reader.line_num}"
                    raise HostqlError(f"{where}: {len(row)} values for {len(columns)} columns")
                yield [_value(text) for text in row]

    return columns, rows()


def _read_json(file: TextIO, path: str) -> Rows:
    import json

    with file:
        if format_for(path) == "ndjson":
            found = [json.loads(line) for line in file if line.strip()]
        else:
            found = json.load(file)
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise ValueError("a list of objects is expected")
    columns = list(dict.fromkeys(key for item in found for key in item))
    if not columns:
        raise ValueError("it holds no rows")

    def value(item: Any) -> Any:
        return json.dumps(item) if isinstance(item, (dict, list)) else item

    return columns, ([value(item.get(column)) for column in columns] for item in found)


def _read_parquet(path: str) -> Rows:
    parquet = _pyarrow().parquet
    try:
        file = parquet.ParquetFile(path)
    except Exception as error:
        raise HostqlError(f"cannot read {path}: {error}") from error
    columns = list(file.schema_arrow.names)

    def plain(value: Any) -> Any:
        return value if isinstance(value, (int, float, str, bytes, type(None))) else str(value)

    def rows() -> Iterator[Sequence[Any]]:
        with file:
            for batch in file.iter_batches(batch_size=GROUP):
                for row in zip(*[column.to_pylist() for column in batch.columns]):
                    yield [plain(value) for value in row]

    return columns, rows()


def _write_parquet(file: BinaryIO, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    from itertools import islice

    pa = _pyarrow()
    names, iterator, count, writer = _distinct(columns), iter(rows), 0, None
    try:
        while True:
            group = list(islice(iterator, GROUP))
            if not group and writer is not None:
                return count
            arrays = [_array(pa, [row[i] for row in group]) for i in range(len(names))]
            if writer is None:
                table = pa.table(arrays, names=names)
                writer = pa.parquet.ParquetWriter(file, table.schema)
            else:
                table = pa.table([a.cast(f.type) for a, f in zip(arrays, writer.schema)], schema=writer.schema)
            writer.write_table(table)
            count += len(group)
            if not group:
                return count
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise HostqlError(
            f"a column mixes types that Parquet keeps apart: {error}", "Use CAST in the query."
        ) from error
    finally:
        if writer is not None:
            writer.close()


def _array(pa: Any, values: list[Any]) -> Any:
    """A column; one of several types becomes text, as one without any value does."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and kinds:
        return pa.array(values, pa.float64() if float in kinds else pa.int64())
    if kinds == {bytes}:
        return pa.array(values, pa.binary())
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise HostqlError("Parquet needs the package pyarrow", "pip install pyarrow") from error
    return pyarrow


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, each different: SQLite takes no column twice."""
    found: list[str] = []
    for place, name in enumerate(names, 1):
        text = name.strip() or f"column_{place}"
        again = 1
        unique = text
        while unique.lower() in [other.lower() for other in found]:
            again += 1
            unique = f"{text}_{again}"
        found.append(unique)
    return found


def _value(text: str) -> Any:
    """A number where the text is exactly how that number is written, so that nothing is lost; '' is NULL."""
    if not text:
        return None
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if str(number) == text and abs(number) < (1 << 63):
            return number
    return text


_READERS = {"csv": _read_csv, "tsv": _read_csv, "json": _read_json, "ndjson": _read_json}
