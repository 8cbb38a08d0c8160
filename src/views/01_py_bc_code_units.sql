-- One row per code object: its names, argument counts, flags, tables of names and constants, and the code object that it is in.
WITH codes AS (
  SELECT file_id, path, unnest(code_objects) AS co{{partition_cols}}
  FROM bytecode_files_v1
)
SELECT
  file_id,
  path,
  co['code_id'] AS code_unit_id,
  co['qualname'] AS qualpath,
  co['co_qualname'] AS co_qualname,
  co['co_filename'] AS co_filename,
  co['name'] AS co_name,
  co['firstlineno1'] AS firstlineno,
  co['argcount'] AS argcount,
  co['posonlyargcount'] AS posonlyargcount,
  co['kwonlyargcount'] AS kwonlyargcount,
  co['nlocals'] AS nlocals,
  co['flags'] AS flags,
  co['flags_detail'] AS flags_detail,
  co['stacksize'] AS stacksize,
  co['code_len'] AS code_len,
  co['varnames'] AS varnames,
  co['freevars'] AS freevars,
  co['cellvars'] AS cellvars,
  co['names'] AS names,
  co['consts'] AS consts,
  co['consts_json'] AS consts_json,
  list_extract(map_extract(co['attrs'], 'parent_code_id'), 1) AS parent_code_id{{partition_cols}}
FROM codes
