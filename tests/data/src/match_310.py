"""Structural pattern matching (PEP 634)."""


def literals(x):
    match x:
        case 0 | 1 | -1:
            return "number"
        case "a" | b"b" | 1.5 | 2 + 3j | -4j:
            return "other"
        case None | True | False:
            return "singleton"
        case color.RED | color.deep.BLUE:
            return "value"
        case _:
            return "any"


def sequences(x):
    match x:
        case []:
            return 0
        case [a]:
            return a
        case [1, [2, *rest], *_]:
            return rest
        case [first, *middle, last]:
            return first, middle, last
        case a, *b:
            return a, b


def mappings(x):
    match x:
        case {"k": 1, "n": [a, b], **rest}:
            return a, b, rest
        case {1: _, None: y, color.RED: z}:
            return y, z


def classes(x, y):
    match x, y:
        case Point(), Point(0, 0):
            return 1
        case Point(x=0, y=y1) as p, _:
            return p, y1
        case Point(x1, y=Point(x2, _) | Point(_, x2)), int() | str() as k:
            return x1, x2, k
    match x:
        case y:
            return y


def loop(items):
    for x in items:
        match x:
            case 1:
                continue
            case 2:
                break
            case [y, z] if y:
                x = z
            case str(text):
                return text
