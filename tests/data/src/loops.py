"""for, while, and what leaves them."""


def for_loops(a, b):
    for x in a:
        pass
    for x in a:
        print(x)
    else:
        print("end")
    for x in range(10):
        if x == a:
            break
        if x == b:
            continue
        b += x
    for a.attr in b:
        for b[0] in a:
            for x, *y in [(1, 2), (3, 4)]:
                return x
    for x in (1, 2, 3):
        for y in [4, 5, x]:
            continue
        else:
            break
    for _ in a: b()


def while_loops(a, b):
    while a:
        a -= 1
    while a < b:
        if a:
            break
        a = b()
    else:
        a = None
    while True:
        while b:
            if a:
                break
            while a:
                b = a
                if not b:
                    continue
                return b
        else:
            break
    while 1:
        pass


def unreachable():
    return 1
    for x in ():
        print(x)


def after_raise(x):
    raise x
    x += 1
