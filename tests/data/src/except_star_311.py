"""except* (PEP 654)."""


def groups(f):
    try:
        f()
    except* ValueError:
        f(1)
    except* (TypeError, OSError) as e:
        f(e)
    else:
        f(2)
    finally:
        f(3)


def loop(items):
    for x in items:
        try:
            x()
        except* KeyError as group:
            raise group.exceptions[0] from None
        except* Exception:
            raise


async def waits(f):
    try:
        await f
    except* ExceptionGroup as e:
        await f(e)
