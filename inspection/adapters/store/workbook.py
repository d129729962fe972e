"""A sheet of Excel, row by row into a temporary file of openpyxl's, so that its memory does not grow with the rows.

Times are without a zone, which Excel does not have: UTC, as the names of the columns say. Text is text whatever it
begins with; nothing that a barcode or a person gave is a formula.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

import pyarrow as pa
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.writer.excel import ExcelWriter

_LONGEST = 32_767  # characters that a cell can hold
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_AS_TEXT = tuple("=+-@#\t\r")
"""What a program takes for the beginning of a formula, or of an error such as #REF!"""

_ROWS_AT_ONCE = 1_000


class Sheet:
    """A workbook of one sheet, with the names of the columns in its first row."""

    def __init__(self, file: BinaryIO, schema: pa.Schema, title: str) -> None:
        self._archive = ZipFile(file, "w", ZIP_DEFLATED)
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet(title)
        self._sheet.freeze_panes = "A2"
        # A cell is written when its row is appended, so that one a column does.
        self._cells = [WriteOnlyCell(self._sheet) for _ in schema]
        self._quoted = [WriteOnlyCell(self._sheet) for _ in schema]
        for cell, field in zip(self._cells, schema, strict=True):
            if pa.types.is_timestamp(field.type):
                cell.number_format = "yyyy-mm-dd hh:mm:ss.000"
        for cell in self._quoted:
            cell.quotePrefix = True  # it stays text when a person edits it
        self._append(schema.names)

    def write(self, rows: pa.Table) -> None:
        for start in range(0, rows.num_rows, _ROWS_AT_ONCE):
            some = rows.slice(start, _ROWS_AT_ONCE)
            columns = [_without_zone(column).to_pylist() for column in some.columns]
            for row in zip(*columns, strict=True):
                self._append(row)

    def finish(self) -> None:
        ExcelWriter(self._book, self._archive).save()

    def close(self) -> None:
        for closable in (self._sheet, self._archive):  # of a failed one openpyxl leaves both open
            with suppress(Exception):
                closable.close()

    def _append(self, row: Any) -> None:
        self._sheet.append([self._cell(place, value) for place, value in enumerate(row)])

    def _cell(self, place: int, value: Any) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)
        if isinstance(value, str):
            return self._text(place, value)
        if value is None or isinstance(value, bool | int | float):
            return value
        cell = self._cells[place]
        cell.value = value
        return cell

    def _text(self, place: int, text: str) -> Any:
        text = _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
        if len(text) > _LONGEST:
            text = text[: _LONGEST - 1] + "…"
        if not text.startswith(_NOT_AS_TEXT):
            return text
        cell = self._quoted[place]
        cell.value = text
        cell.data_type = "s"
        return cell


def _without_zone(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.timestamp("us")) if pa.types.is_timestamp(column.type) else column
