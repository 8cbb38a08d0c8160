"""Lists, tuples, sets, dicts, from the parts up."""


def displays(a, b, c):
    yield (), [], {}, set()
    yield (a,), [a], {a}, {a: b}
    yield (a, b, c), [a, b, c], {a, b, c}, {a: b, b: c, c: a}
    yield (*a,), [*a], {*a}, {**a}
    yield (*a, b, *c), [a, *b, c], {a, *b, *c}, {a: b, **c, "d": 1, **a}
    yield (*a, *b)
    yield {"one": a, "two": b, "three": c}
    yield {1: 2, 3: 4}, {"k": {"n": []}}
    yield (1, 2, 3), [1, 2, 3], {1, 2, 3}, ["a", "b", "c", "d"]
    yield [1, 2, a], {1, 2, a}, (1, 2, a), [*(1, 2), *[3, a]]
    yield [(), (1,), (1, 2)], ((((),),),), [[[[]]]]


table = {
    "a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7, "h": 8, "i": 9, "j": 10,
    "k": 11, "l": 12, "m": 13, "n": 14, "o": 15, "p": 16, "q": 17, "r": 18,
}
numbers = [1, 2, 3, 4, 5, 6, 7, 8]
words = {"x", "y", "z"}
mixed = [1, "two", 3.0, None, (4, 5), b"6"]


def unpack(rows):
    for a, (b, *c), [d] in rows:
        yield a, b, c, d
    *a, = rows
    a, *b, c, d = rows
    return a, b, c, d


def index(x, i, j):
    return x[i], x[i][j], x[i, j], x[-1], x[i:j], x[i:j:2], x[:, i], x["k"], x[i + 1]
