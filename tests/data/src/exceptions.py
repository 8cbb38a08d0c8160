"""try, raise and finally, in all the ways to leave them."""


def handlers(f):
    try:
        f()
    except ValueError:
        return 1
    except (TypeError, KeyError) as e:
        raise RuntimeError("again") from e
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


def loops(items):
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
            print(x)
    while items:
        try:
            items.pop()
        finally:
            if items:
                break
            continue


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


def raises(x):
    if x:
        raise
    if not x:
        raise x
    raise ValueError from None


def generator(f):
    try:
        yield
    except GeneratorExit:
        yield from f()
    finally:
        yield f


def in_handler(items, f):
    for x in items:
        try:
            f(x)
        except OSError as e:
            for y in e.args:
                if y:
                    return y
                with f:
                    return f(y)


assert handlers, "a message"
