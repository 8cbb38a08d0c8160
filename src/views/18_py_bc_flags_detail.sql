-- One row per code object with its flags as columns of their own, by unnest of the struct.
WITH codes AS (
  SELECT file_id, path, unnest(code_objects) AS co{{partition_cols}}
  FROM bytecode_files_v1
),
base AS (
  SELECT file_id, path, co['code_id'] AS code_unit_id, co['flags_detail'] AS flags_detail{{partition_cols}}
  FROM codes
),
wide AS (
  SELECT file_id, path, code_unit_id, unnest(base.flags_detail){{partition_cols}}
  FROM base
)
SELECT
  file_id,
  path,
  code_unit_id,
  {{base.flags_detail.is_optimized}} AS is_optimized,
  {{base.flags_detail.is_newlocals}} AS is_newlocals,
  {{base.flags_detail.has_varargs}} AS has_varargs,
  {{base.flags_detail.has_varkeywords}} AS has_varkeywords,
  {{base.flags_detail.is_nested}} AS is_nested,
  {{base.flags_detail.is_generator}} AS is_generator,
  {{base.flags_detail.is_nofree}} AS is_nofree,
  {{base.flags_detail.is_coroutine}} AS is_coroutine,
  {{base.flags_detail.is_iterable_coroutine}} AS is_iterable_coroutine,
  {{base.flags_detail.is_async_generator}} AS is_async_generator{{partition_cols}}
FROM wide
