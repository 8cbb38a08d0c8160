-- One row per constant of a code object, in co_consts order, as its repr.
WITH codes AS (
  SELECT file_id, path, unnest(code_objects) AS co{{partition_cols}}
  FROM bytecode_files_v1
),
base AS (
  SELECT file_id, path, co['code_id'] AS code_id, unnest(co['consts']) AS k{{partition_cols}}
  FROM codes
)
SELECT
  file_id,
  path,
  code_id AS code_unit_id,
  k['const_index'] AS const_index,
  k['const_repr'] AS const_repr,
  'bc_const:' || md5(concat_ws(':', code_id, CAST(k['const_index'] AS VARCHAR), k['const_repr'])) AS const_id{{partition_cols}}
FROM base
