-- One row per line start of a code object: the offset where a line begins, counted from 1 and from 0 (line_base says how line1 counts).
WITH codes AS (
  SELECT file_id, path, unnest(code_objects) AS co{{partition_cols}}
  FROM bytecode_files_v1
),
base AS (
  SELECT file_id, path, co['code_id'] AS code_id, unnest(co['line_table']) AS line{{partition_cols}}
  FROM codes
)
SELECT
  file_id,
  path,
  code_id AS code_unit_id,
  line['offset'] AS "offset",
  line['line1'] AS line1,
  line['line0'] AS line0,
  CAST(1 AS INT) AS line_base{{partition_cols}}
FROM base
