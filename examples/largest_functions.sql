-- Which functions are the largest?
SELECT path,
       coalesce(co_qualname, co_name) AS function,
       firstlineno AS line,
       code_len AS bytes,
       stacksize AS stack,
       nlocals AS locals
FROM py_bc_code_units
WHERE co_name <> '<module>'
ORDER BY code_len DESC, path
LIMIT 10
