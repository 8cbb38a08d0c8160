-- One row per inline cache entry of an instruction (3.11 and later): name, size in code units, bytes as stored.
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
    unnest(ins['cache_info']) AS cache{{partition_cols}}
  FROM instructions
)
SELECT
  file_id,
  path,
  code_id AS code_unit_id,
  instr_index,
  "offset",
  cache['name'] AS name,
  cache['size'] AS size,
  cache['data_hex'] AS data_hex,
  'bc_instr:' || md5(concat_ws(':', code_id, CAST(instr_index AS VARCHAR), CAST("offset" AS VARCHAR))) AS instr_id,
  'bc_cache:' || md5(concat_ws(
    ':',
    code_id,
    CAST(instr_index AS VARCHAR),
    CAST("offset" AS VARCHAR),
    cache['name'],
    coalesce(CAST(cache['size'] AS VARCHAR), 'None'),
    coalesce(cache['data_hex'], 'None')
  )) AS cache_entry_id{{partition_cols}}
FROM base
