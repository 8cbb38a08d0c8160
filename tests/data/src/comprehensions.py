"""Comprehensions and generators, nested and closed over."""


def comprehensions(rows, k):
    a = [x for x in rows]
    b = [x + y for x in rows if x for y in x if y if not k]
    c = {x for x in rows}
    d = {x: y for x, y in rows}
    e = {x: {y: k for y in x} for x in rows}
    f = (x for x in rows)
    h = [lambda: x for x in rows]
    i = [lambda v=x: (v, k) for x in rows]
    return a, b, c, d, e, f, h, i, [rows for rows in rows]


def shadow(x):
    y = [x for x in x]
    return x, y, all(v for v in y), tuple(v for v in y)


squares = [i * i for i in range(3)]
gen = (i for i in squares)


class Body:
    items = [1, 2]
    copied = [i for i in items]
    pairs = [(i, j) for i in (1, 2) for j in (3, 4)]


def yields(n):
    x = yield
    y = yield n
    z = yield from range(n)
    yield (yield x), y
    try:
        yield z
    finally:
        yield n
    return z


def delegates(source):
    result = yield from source
    yield from (x for x in result)
    return (yield from result)


nested = lambda: (lambda: (yield))
