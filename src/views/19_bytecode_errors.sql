-- One row per error: what could not be decoded of a file, at which stage, and in which code object.
WITH base AS (
  SELECT file_id, path, unnest(errors) AS error{{partition_cols}}
  FROM bytecode_files_v1
)
SELECT
  file_id,
  path,
  error['error_type'] AS error_type,
  error['message'] AS message,
  list_extract(map_extract(error['attrs'], 'error_stage'), 1) AS error_stage,
  list_extract(map_extract(error['attrs'], 'code_id'), 1) AS code_id{{partition_cols}}
FROM base
