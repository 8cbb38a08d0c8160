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


def ways_out(items, f):
    """What leaves frames of the block stack, two and three at a time."""
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
        except (TypeError, ValueError) as e:
            continue
        except OSError as e:
            raise
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
    for x in items:
        try:
            return x
        except A as e:
            pass
        except B as e:
            f(e)
        except C:
            try:
                return 1
            finally:
                f(6)
    return f


assert handlers, "a message"
