-- One row per entry of a code object's exception table (3.11 and later): the range, its handler, the depth to unwind to.
WITH codes AS (
  SELECT file_id, path, unnest(code_objects) AS co{{partition_cols}}
  FROM bytecode_files_v1
),
base AS (
  SELECT file_id, path, co['code_id'] AS code_id, unnest(co['exception_table']) AS exc{{partition_cols}}
  FROM codes
)
SELECT
  file_id,
  path,
  code_id AS code_unit_id,
  exc['exc_index'] AS exc_index,
  exc['start_offset'] AS start_offset,
  exc['end_offset'] AS end_offset,
  exc['target_offset'] AS target_offset,
  exc['depth'] AS depth,
  exc['lasti'] AS lasti,
  'bc_exc:' || md5(concat_ws(
    ':',
    code_id,
    CAST(exc['exc_index'] AS VARCHAR),
    coalesce(CAST(exc['start_offset'] AS VARCHAR), 'None'),
    coalesce(CAST(exc['end_offset'] AS VARCHAR), 'None'),
    coalesce(CAST(exc['target_offset'] AS VARCHAR), 'None')
  )) AS exc_entry_id{{partition_cols}}
FROM base
