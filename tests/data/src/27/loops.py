"""Loops, handlers, and all the ways to leave them: the block stack."""


def for_loops(a, b):
    for x in a:
        pass
    for x in a:
        print x
    else:
        print "end"
    for x in range(10):
        if x == a:
            break
        if x == b:
            continue
        b += x
    for a.attr in b:
        for b[0], (x, y) in a:
            return x
    for x in 1, 2, 3:
        for y in [4, 5, x]:
            continue
        else:
            break


def while_loops(a, b):
    while a:
        a -= 1
    while a < b:
        if a:
            break
        a = b()
    else:
        a = None
    while 1:
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
    while True:
        pass


def handlers(f):
    try:
        f()
    except ValueError:
        return 1
    except (TypeError, KeyError) as e:
        raise RuntimeError("again")
    except Exception as e:
        raise
    except:
        f(1)
    else:
        f(2)
    finally:
        f(3)


def returns(f, x):
    try:
        return f(x)
    finally:
        f()


def returns_const(f):
    try:
        return 1
    except OSError as e:
        return f(e)
    finally:
        return 2


def in_loops(items):
    for x in items:
        try:
            if x:
                continue
            if x is None:
                break
            return x
        except ValueError:
            continue
        except TypeError as e:
            break
        finally:
            print x
    while items:
        try:
            items.pop()
        finally:
            if items:
                break


def nested(f):
    try:
        try:
            f()
        except A:
            try:
                f(1)
            except B as b:
                f(b)
            finally:
                f(2)
        finally:
            try:
                f(3)
            finally:
                f(4)
    except C:
        pass


def ways_out(items, f):
    while True:
        try:
            try:
                if f():
                    break
                if f(1):
                    continue
                return f(2)
            finally:
                f(3)
        except KeyError as e:
            for y in e.args:
                try:
                    continue
                finally:
                    break
            else:
                continue
            break
        finally:
            with f:
                f(4)
    while 1:
        with f as g, g as h:
            try:
                break
            finally:
                try:
                    f(5)
                except OSError as e:
                    return e


def withs(a, b):
    with a:
        pass
    with a as x:
        print x
    with a as x, b as (y, z):
        return x, y, z
    with a, b:
        raise ValueError


def with_in_loop(a, b):
    for x in b:
        with a as a.b:
            if x:
                continue
            if x is None:
                break
            yield x


def generator(f):
    try:
        x = yield
        y = yield x
    except GeneratorExit:
        yield f(y)
    finally:
        yield f


def unreachable():
    return 1
    for x in ():
        print x
