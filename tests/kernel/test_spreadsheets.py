"""CSV that a spreadsheet opens and does not run."""

import csv
import io

import pytest

from pehra.kernel.spreadsheets import cell, table


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_begins_like_a_formula_is_made_text(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(("value", "shown"), [("198.18.0.1", "198.18.0.1"), (-3, "-3"), (None, ""), ("a=b", "a=b")])
def test_other_values_are_unchanged(value, shown):
    assert cell(value) == shown


def test_a_table_survives_quotes_commas_and_lines():
    rows = [["a,b", 'say "no"'], ["two\nlines", "پہرہ"]]
    text = table(["one", "two"], rows)
    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff")))) == [["one", "two"], *rows]
