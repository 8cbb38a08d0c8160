-- One row, also for an empty dataset: the metadata of the schema and of each field that has some.
-- SQL reaches no schema-level metadata: that map is the contract's own, and opening a dataset checks that its files carry it.
SELECT
  MAP {
    'schema_name': 'bytecode_files_v1',
    'schema_version': '1',
    'bytecode_abi_version': '1',
    'bytecode_span_line_base': '0',
    'bytecode_span_col_unit': 'utf32',
    'bytecode_span_end_exclusive': 'true',
    'ordering_level': 'explicit',
    'ordering_keys': 'path:ascending,file_id:ascending',
    'required_non_null': 'file_id,path',
    'key_fields': 'file_id,path'
  } AS schema_metadata,
  arrow_metadata(base.co['instructions']) AS instructions_metadata,
  arrow_metadata(base.co['instructions'][1]['span']) AS span_metadata,
  arrow_metadata(base.co['line_table']) AS line_table_metadata,
  arrow_metadata(base.co['line_table'][1]['line1']) AS line1_metadata
FROM (SELECT 1 AS always) AS one
LEFT JOIN (SELECT code_objects[1] AS co FROM bytecode_files_v1 LIMIT 1) AS base ON true
