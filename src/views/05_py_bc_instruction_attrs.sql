-- One row per entry of an instruction's attrs, for full inspection. Known keys are columns of py_bc_instructions.
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
    code_id,
    ins['instr_index'] AS instr_index,
    ins['offset'] AS "offset",
    unnest(map_entries(ins['attrs'])) AS entry{{partition_cols}}
  FROM instructions
)
SELECT
  file_id,
  path,
  code_id AS code_unit_id,
  instr_index,
  "offset",
  entry['key'] AS attr_key,
  entry['value'] AS attr_value{{partition_cols}}
FROM base
