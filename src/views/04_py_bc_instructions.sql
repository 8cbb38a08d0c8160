-- One row per instruction, as dis.get_instructions yields them, with its position in the source and its stack depths.
-- Positions count lines as line_base says and columns in units of col_unit.
WITH codes AS (
  SELECT file_id, path, unnest(code_objects) AS co{{partition_cols}}
  FROM bytecode_files_v1
),
base AS (
  SELECT file_id, path, co['code_id'] AS code_id, unnest(co['instructions']) AS ins{{partition_cols}}
  FROM codes
)
SELECT
  file_id,
  path,
  code_id AS code_unit_id,
  ins['instr_index'] AS instr_index,
  ins['offset'] AS "offset",
  ins['start_offset'] AS start_offset,
  ins['end_offset'] AS end_offset,
  ins['opname'] AS opname,
  ins['baseopname'] AS baseopname,
  ins['opcode'] AS opcode,
  ins['baseopcode'] AS baseopcode,
  ins['arg'] AS arg,
  ins['oparg'] AS oparg,
  ins['argval_kind'] AS argval_kind,
  ins['argval_int'] AS argval_int,
  ins['argval_str'] AS argval_str,
  ins['argrepr'] AS argrepr,
  ins['line_number'] AS line_number,
  ins['starts_line'] AS starts_line,
  ins['label'] AS label,
  ins['is_jump_target'] AS is_jump_target,
  ins['jump_target'] AS jump_target_offset,
  ins['cache_info'] AS cache_info,
  ins['span']['start']['line0'] AS pos_start_line,
  ins['span']['end']['line0'] AS pos_end_line,
  ins['span']['start']['col'] AS pos_start_col,
  ins['span']['end']['col'] AS pos_end_col,
  ins['span']['byte_span']['byte_start'] AS byte_start,
  ins['span']['byte_span']['byte_len'] AS byte_len,
  CAST(0 AS INT) AS line_base,
  ins['span']['col_unit'] AS col_unit,
  ins['span']['end_exclusive'] AS end_exclusive,
  TRY_CAST(list_extract(map_extract(ins['attrs'], 'stack_depth_before'), 1) AS INT) AS stack_depth_before,
  TRY_CAST(list_extract(map_extract(ins['attrs'], 'stack_depth_after'), 1) AS INT) AS stack_depth_after,
  'bc_instr:' || md5(concat_ws(
    ':',
    code_id,
    CAST(ins['instr_index'] AS VARCHAR),
    CAST(ins['offset'] AS VARCHAR)
  )) AS instr_id{{partition_cols}}
FROM base
