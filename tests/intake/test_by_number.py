"""A program that knows its report by number finds it by an index, behind the wall too."""

import pytest
from django.db import connection

from pehra.access.rules.second_wall import SYSTEM, WEB
from pehra.intake.models import Report


@pytest.mark.parametrize("role", [WEB, SYSTEM])
def test_a_report_is_found_by_its_number_through_an_index(country, reported, at, role: str) -> None:
    receipt = reported()
    number = int(receipt.reference.rpartition("-")[2])
    assert Report.objects.get(number=number).reference == receipt.reference
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute(f"set local role {role}")
    plan = Report.objects.filter(number=number).explain()
    assert f"Index Cond: (number = {number})" in plan
