"""Annotations as text (PEP 563)."""
from __future__ import annotations

number: int = 1


def function(a: int, b: list[undefined] = (), *, c: {1: "x"}[1] = 2) -> lambda x, *y: x + 1 if x else not y:
    return a


class Annotated:
    field: Annotated | None
