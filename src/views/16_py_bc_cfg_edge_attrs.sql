-- One row per entry of a control-flow edge's attrs, for full inspection. Known keys are columns of py_bc_cfg_edges.
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
    code_id,
    edge['edge_key'] AS edge_key,
    edge['kind'] AS kind,
    unnest(map_entries(edge['attrs'])) AS entry{{partition_cols}}
  FROM edges
)
SELECT
  file_id,
  path,
  code_id AS code_unit_id,
  edge_key,
  kind,
  entry['key'] AS attr_key,
  entry['value'] AS attr_value{{partition_cols}}
FROM base
