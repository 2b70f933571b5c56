"""SCIM filters (RFC 7644, 3.4.2.2): how long and how deep one may be, and what it surely asks for.

The grammar, with its errata, and the comparison of values are scim2-models': it is kept well, carries a permissive
licence, and judges PATCH paths by the same tree, so that a second parser of ours could only differ from it. Ours are
the limits in front of it, and what a query of the database can know before any document is looked at.
"""

from typing import Any

from scim2_models import InvalidFilterException
from scim2_models.path import (
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Not,
    ScimFilter,
    ValuePath,
)

from pehra.access.rules.documents import is_clean

FILTER_CHARACTERS_MAX = 2_000
FILTER_TERMS_MAX = 40
FILTER_DEPTH_MAX = 8


def check(text: str) -> None:
    """Refuse a filter that is no filter, or is longer, wider or deeper than anybody needs."""
    if len(text) > FILTER_CHARACTERS_MAX:
        raise InvalidFilterException(detail=f"a filter has at most {FILTER_CHARACTERS_MAX} characters")
    if not is_clean(text):
        raise InvalidFilterException(detail="a filter holds no control character")
    ast = ScimFilter[Any](text).ast
    terms, depth = _measure(ast)
    if terms > FILTER_TERMS_MAX or depth > FILTER_DEPTH_MAX:
        raise InvalidFilterException(
            detail=f"a filter has at most {FILTER_TERMS_MAX} comparisons, nested at most {FILTER_DEPTH_MAX} deep"
        )
    if not all(is_clean(value) for value in _values(ast) if isinstance(value, str)):
        raise InvalidFilterException(detail="a filter compares with no control character")


def certain(ast: FilterNode) -> dict[str, str]:
    """Return the attributes that must equal a text for the filter to hold, in lower case: all else is looked at."""
    if isinstance(ast, Comparison) and ast.op is CompareOperator.eq and isinstance(ast.value, str):
        path = ast.attr_path
        return {} if path.sub_attr or path.uri else {path.attr.lower(): ast.value}
    found: dict[str, str] = {}
    if isinstance(ast, LogicalExpr) and ast.op is LogicalOperator.and_:
        for term in ast.terms:
            for name, value in certain(term).items():
                found.setdefault(name, value)
    return found


def _children(node: FilterNode) -> tuple[FilterNode, ...]:
    match node:
        case LogicalExpr(terms=terms):
            return terms
        case Not(expr=inner):
            return (inner,)
        case ValuePath(val_filter=inner):
            return (inner,)
    return ()


def _measure(ast: FilterNode) -> tuple[int, int]:
    """Return how many comparisons a filter has, and how deep they nest."""
    waiting, terms, deepest = [(ast, 1)], 0, 0
    while waiting:
        node, depth = waiting.pop()
        below = _children(node)
        terms += not below
        deepest = max(deepest, depth)
        waiting.extend((child, depth + 1) for child in below)
    return terms, deepest


def _values(ast: FilterNode) -> list[Any]:
    waiting, values = [ast], []
    while waiting:
        node = waiting.pop()
        if isinstance(node, Comparison):
            values.append(node.value)
        waiting.extend(_children(node))
    return values
