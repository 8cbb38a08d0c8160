-- Who imports subprocess, socket or ctypes, and where?
SELECT c.path,
       i.argval_str AS imports,
       count(*) AS times,
       min(i.line_number) AS first_line,
       count(*) FILTER (WHERE c.co_name <> '<module>') AS inside_functions
FROM py_bc_instructions AS i
JOIN py_bc_code_units AS c ON c.code_unit_id = i.code_unit_id
WHERE i.baseopname = 'IMPORT_NAME'
  AND i.argval_str IN ('subprocess', 'socket', 'ctypes')
GROUP BY c.path, i.argval_str
ORDER BY times DESC, c.path, imports
LIMIT 15
