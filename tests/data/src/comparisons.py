"""Comparisons, truth and conditions."""


def comparisons(a, b, c):
    yield a < b, a <= b, a == b, a != b, a > b, a >= b
    yield a is b, a is not b, a in b, a not in b
    yield a < b < c, a < b <= c != a, a in b in c, a is not b is c
    yield not a, not a == b, not a in b, not (a or b)
    if a < b:
        yield 1
    if not a < b <= c:
        yield 2
    if a is None or b is not None:
        yield 3
    while a is None:
        a = b
    while a is not None:
        a = c
    while a:
        b = not b
    while not b:
        b = c
    while True:
        if a in (1, 2, 3) or a in {4, 5, (6, "7")} and b in [8, 9]:
            break
        if a not in ():
            continue


def truth(a, b, c):
    x = a and b or c
    y = a or b and c
    z = a if b else c if x else y
    if a and (b or not c) and not (x and y):
        return z
    elif a == b:
        return x
    elif b:
        pass
    else:
        return not y
    return (a and b) is None, (a or b) is not None


def loops(items):
    for x in items:
        if x is None:
            continue
        if x is not None and x:
            continue
        if not x:
            continue
        if x > 1:
            continue
        return x
    else:
        return None


def constant_conditions(x):
    if 0:
        x = 1
    if 1:
        x = 2
    if "":
        x = 3
    while 0:
        x = 4
    while 1:
        x = 5
        if x:
            break
    return x if None else 7 if () else x
