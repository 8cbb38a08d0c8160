"""An asynchronous comprehension inside of another one."""


async def nested(f):
    return [[y async for y in f(x)] for x in [1, 2]], {x: {y async for y in x} for x in f(1)}
