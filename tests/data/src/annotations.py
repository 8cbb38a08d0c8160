"""Annotations of names, attributes, functions and classes."""
from typing import List

number: int
text: str = "a"
(parenthesized): int = 1
items: List["forward"] = []
text.attr: int = 2
items[0]: str


def function(a: int, b: List[int] = (), *c: "any", d: 1 + 2, **e: None) -> lambda: 0:
    local: undefined = a
    only: undefined.too
    return local


class Annotated:
    field: int
    other: "Annotated" = None
    if number:
        conditional: field = 1

    def method(self, x: field, y: other = None) -> "Annotated":
        self.z: int = x
        return self


if text:
    late: int = 3
