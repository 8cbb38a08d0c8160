-- Which opcodes does the compiler write most?
SELECT opname,
       count(*) AS n,
       round(100.0 * count(*) / sum(count(*)) OVER (), 2) AS percent
FROM py_bc_instructions
GROUP BY opname
ORDER BY n DESC, opname
LIMIT 10
