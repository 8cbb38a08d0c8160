"""Coroutines, asynchronous generators, loops, contexts and comprehensions."""
import asyncio


async def plain(x):
    await x
    return await x(await x)


async def generator(n):
    for i in range(n):
        yield i
        await asyncio.sleep(0)
        got = yield
        if got:
            return


async def loops(source):
    async for x in source:
        if x:
            continue
        if x is None:
            break
        print(x)
    else:
        print("end")
    async for a.b in source:
        yield a


async def contexts(a, b):
    async with a as x, b:
        return x
    for i in a:
        async with i:
            if i:
                break
    try:
        async with b:
            await a
    except ValueError as e:
        await b(e)
    finally:
        await a


async def comprehensions(source, f):
    b = {x async for x in source if await f(x)}
    c = {x: await f(x) async for x in source}
    d = (await f(x) async for x in source)
    return b, c, d, [await f(x) for x in b]


class Resource:
    async def __aenter__(self):
        return self

    async def __aexit__(self, *exc):
        return await self.close()

    async def method(self):
        async with self as s:
            return s
