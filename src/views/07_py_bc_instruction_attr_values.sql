-- One row per value of an instruction's attrs: which values a dataset holds, without the keys.
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
  unnest(map_values(ins['attrs'])) AS attr_value{{partition_cols}}
FROM instructions
