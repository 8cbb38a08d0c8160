-- One row per entry of an error's attrs, for full inspection. Known keys are columns of bytecode_errors.
WITH file_errors AS (
  SELECT file_id, path, unnest(errors) AS error{{partition_cols}}
  FROM bytecode_files_v1
),
base AS (
  SELECT
    file_id,
    path,
    error['error_type'] AS error_type,
    error['message'] AS message,
    unnest(map_entries(error['attrs'])) AS entry{{partition_cols}}
  FROM file_errors
)
SELECT
  file_id,
  path,
  error_type,
  message,
  entry['key'] AS attr_key,
  entry['value'] AS attr_value{{partition_cols}}
FROM base
