-- One row per instruction with the fields of its span side by side, by unnest of the struct.
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
    ins['span'] AS span{{partition_cols}}
  FROM instructions
),
wide AS (
  SELECT file_id, path, code_id, instr_index, "offset", unnest(base.span){{partition_cols}}
  FROM base
)
SELECT
  file_id,
  path,
  code_id AS code_unit_id,
  'bc_instr:' || md5(concat_ws(':', code_id, CAST(instr_index AS VARCHAR), CAST("offset" AS VARCHAR))) AS instr_id,
  instr_index,
  "offset",
  {{base.span.start}}['line0'] AS pos_start_line,
  {{base.span.start}}['col'] AS pos_start_col,
  {{base.span.end}}['line0'] AS pos_end_line,
  {{base.span.end}}['col'] AS pos_end_col,
  {{base.span.col_unit}} AS col_unit,
  {{base.span.end_exclusive}} AS end_exclusive,
  {{base.span.byte_span}}['byte_start'] AS byte_start,
  {{base.span.byte_span}}['byte_len'] AS byte_len{{partition_cols}}
FROM wide
