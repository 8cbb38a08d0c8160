-- One row per key of an instruction's attrs: which keys a dataset holds, without the values.
WITH codes AS (
  SELECT file_id, path, unnest(code_objects) AS co{{partition_cols}}
  FROM bytecode_files_v1
),
instructions AS (
  SELECT file_id, path, co['code_id'] AS code_id, unnest(co['instructions']) AS ins{{partition_cols}}
  FROM codes
)
SELECT
  file_id,
  path,
  code_id AS code_unit_id,
  ins['instr_index'] AS instr_index,
  ins['offset'] AS "offset",
  unnest(map_keys(ins['attrs'])) AS attr_key{{partition_cols}}
FROM instructions
