-- One row per control-flow edge between two basic blocks, with the ids of both (py_bc_blocks) and of the instruction that
-- decides (py_bc_instructions, or an id that no instruction has).
WITH codes AS (
  SELECT file_id, path, unnest(code_objects) AS co{{partition_cols}}
  FROM bytecode_files_v1
),
edges AS (
  SELECT file_id, path, co['code_id'] AS code_id, unnest(co['cfg_edges']) AS edge{{partition_cols}}
  FROM codes
),
base AS (
  SELECT
    file_id,
    path,
    code_id AS code_unit_id,
    edge['src_block_start'] AS src_block_start,
    edge['src_block_end'] AS src_block_end,
    edge['dst_block_start'] AS dst_block_start,
    edge['dst_block_end'] AS dst_block_end,
    edge['kind'] AS kind,
    edge['edge_key'] AS edge_key,
    list_extract(map_extract(edge['attrs'], 'jump_kind'), 1) AS jump_kind,
    TRY_CAST(list_extract(map_extract(edge['attrs'], 'jump_label'), 1) AS INT) AS jump_label,
    edge['cond_instr_index'] AS cond_instr_index,
    edge['cond_instr_offset'] AS cond_instr_offset,
    edge['exc_index'] AS exc_index,
    'bc_block:' || md5(concat_ws(
      ':',
      code_id,
      CAST(edge['src_block_start'] AS VARCHAR),
      CAST(edge['src_block_end'] AS VARCHAR)
    )) AS src_block_id,
    'bc_block:' || md5(concat_ws(
      ':',
      code_id,
      CAST(edge['dst_block_start'] AS VARCHAR),
      CAST(edge['dst_block_end'] AS VARCHAR)
    )) AS dst_block_id,
    'bc_instr:' || md5(concat_ws(
      ':',
      code_id,
      coalesce(CAST(edge['cond_instr_index'] AS VARCHAR), 'None'),
      coalesce(CAST(edge['cond_instr_offset'] AS VARCHAR), 'None')
    )) AS cond_instr_id{{partition_cols}}
  FROM edges
)
SELECT
  file_id,
  path,
  code_unit_id,
  src_block_start,
  src_block_end,
  dst_block_start,
  dst_block_end,
  kind,
  edge_key,
  jump_kind,
  jump_label,
  cond_instr_index,
  cond_instr_offset,
  exc_index,
  src_block_id,
  dst_block_id,
  cond_instr_id,
  'bc_edge:' || md5(concat_ws(
    ':',
    code_unit_id,
    src_block_id,
    dst_block_id,
    kind,
    edge_key,
    coalesce(CAST(exc_index AS VARCHAR), 'None')
  )) AS edge_id{{partition_cols}}
FROM base
