"""Decorators of any form (PEP 614), and dict union."""
table = {"a": print} | {"b": [repr]}


@table["b"][0]
@(lambda f: f)
def decorated():
    return table | decorated
