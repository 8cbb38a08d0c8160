"""Formatted strings that need PEP 701."""


def formats(x, y):
    yield f"{x["key"]}", f"{f"{f"{x}"}"}", f"{"\n".join(x)}"
    yield f"{x:{f"{y}"}>{y!r}}", f"{x!r:{'a' if y else "b"}}", f"{
        x  # a comment
    }"
