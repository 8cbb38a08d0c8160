-- One row per data-flow edge: the instruction that pushes a value, the one that pops it, and which of their values that is.
WITH codes AS (
  SELECT file_id, path, unnest(code_objects) AS co{{partition_cols}}
  FROM bytecode_files_v1
),
edges AS (
  SELECT file_id, path, co['code_id'] AS code_id, unnest(co['dfg_edges']) AS edge{{partition_cols}}
  FROM codes
),
base AS (
  SELECT
    file_id,
    path,
    code_id AS code_unit_id,
    edge['src_instr_index'] AS src_instr_index,
    edge['dst_instr_index'] AS dst_instr_index,
    edge['kind'] AS kind,
    list_extract(map_extract(edge['attrs'], 'operand'), 1) AS operand,
    list_extract(map_extract(edge['attrs'], 'result'), 1) AS result{{partition_cols}}
  FROM edges
)
SELECT
  file_id,
  path,
  code_unit_id,
  src_instr_index,
  dst_instr_index,
  kind,
  operand,
  result,
  'bc_dfg:' || md5(concat_ws(
    ':',
    code_unit_id,
    CAST(src_instr_index AS VARCHAR),
    CAST(dst_instr_index AS VARCHAR),
    kind,
    coalesce(operand, 'None')
  )) AS edge_id{{partition_cols}}
FROM base
