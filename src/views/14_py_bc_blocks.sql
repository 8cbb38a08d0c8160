-- One row per basic block of a code object.
WITH codes AS (
  SELECT file_id, path, unnest(code_objects) AS co{{partition_cols}}
  FROM bytecode_files_v1
),
base AS (
  SELECT file_id, path, co['code_id'] AS code_id, unnest(co['blocks']) AS block{{partition_cols}}
  FROM codes
)
SELECT
  file_id,
  path,
  code_id AS code_unit_id,
  block['start_offset'] AS start_offset,
  block['end_offset'] AS end_offset,
  block['kind'] AS kind,
  'bc_block:' || md5(concat_ws(
    ':',
    code_id,
    CAST(block['start_offset'] AS VARCHAR),
    CAST(block['end_offset'] AS VARCHAR)
  )) AS block_id{{partition_cols}}
FROM base
