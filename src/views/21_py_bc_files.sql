-- One row per file: what its header and its name say of it, and how much was decoded.
SELECT
  file_id,
  path,
  repo,
  list_extract(map_extract(attrs, 'file_sha256'), 1) AS file_sha256,
  list_extract(map_extract(attrs, 'python_version'), 1) AS python_version,
  list_extract(map_extract(attrs, 'python_magic'), 1) AS python_magic,
  list_extract(map_extract(attrs, 'pyc_flags'), 1) AS pyc_flags,
  TRY_CAST(list_extract(map_extract(attrs, 'source_mtime'), 1) AS BIGINT) AS source_mtime,
  TRY_CAST(list_extract(map_extract(attrs, 'source_size'), 1) AS BIGINT) AS source_size,
  list_extract(map_extract(attrs, 'source_hash'), 1) AS source_hash,
  list_extract(map_extract(attrs, 'optimize'), 1) AS optimize,
  list_extract(map_extract(attrs, 'include_cfg'), 1) AS include_cfg,
  list_extract(map_extract(attrs, 'adaptive'), 1) AS adaptive,
  list_extract(map_extract(attrs, 'source_status'), 1) AS source_status,
  list_extract(map_extract(attrs, 'container'), 1) AS container,
  coalesce(CAST(array_length(code_objects) AS BIGINT), 0) AS n_code_objects,
  coalesce(CAST(array_length(errors) AS BIGINT), 0) AS n_errors{{partition_cols_but_repo}}
FROM bytecode_files_v1
