-- One row per instruction with the fields of its span under the names that the engine gives to unnest(base.span).
WITH codes AS (
  SELECT file_id, path, unnest(code_objects) AS co{{partition_cols}}
  FROM bytecode_files_v1
),
instructions AS (
  SELECT file_id, path, co['code_id'] AS code_id, unnest(co['instructions']) AS ins{{partition_cols}}
  FROM codes
),
base AS (
  SELECT
    file_id,
    path,
    code_id AS code_unit_id,
    'bc_instr:' || md5(concat_ws(':', code_id, CAST(ins['instr_index'] AS VARCHAR), CAST(ins['offset'] AS VARCHAR))) AS instr_id,
    ins['instr_index'] AS instr_index,
    ins['offset'] AS "offset",
    ins['span'] AS span{{partition_cols}}
  FROM instructions
)
SELECT
  file_id,
  path,
  code_unit_id,
  instr_id,
  instr_index,
  "offset",
  unnest(base.span){{partition_cols}}
FROM base
