CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '@/secret.csv'
CREATE EXTERNAL TABLE IF NOT EXISTS t (a TEXT) STORED AS PARQUET LOCATION '@/secret.parquet'
CREATE EXTERNAL TABLE t STORED AS ARROW LOCATION 'file://@/secret.arrow'
CREATE UNBOUNDED EXTERNAL TABLE t (a INT) STORED AS JSON LOCATION '@/'
CREATE EXTERNAL TABLE t STORED AS CSV LOCATION 'http://127.0.0.1:9/x.csv'
CREATE TABLE t AS SELECT 1 AS x
CREATE TABLE t (x INT)
CREATE OR REPLACE TABLE t AS VALUES (1)
CREATE VIEW v AS SELECT 1 AS x
CREATE OR REPLACE VIEW py_bc_files AS SELECT 'nothing here' AS path
CREATE SCHEMA s
CREATE DATABASE d
CREATE FUNCTION f(x INT) RETURNS INT RETURN x + 1
CREATE FUNCTION f AS '@/evil.so'
CREATE INDEX i ON bytecode_files_v1 (path)
DROP VIEW py_bc_files
DROP TABLE bytecode_files_v1
DROP TABLE IF EXISTS t
DROP SCHEMA public CASCADE
DROP FUNCTION abs
COPY (SELECT 'x') TO '@/new.csv'
COPY (SELECT 'x' AS a) TO '@/new.parquet' STORED AS PARQUET
COPY bytecode_files_v1 TO '@/new.json' STORED AS JSON
COPY (SELECT 1) TO 'file://@/new2.csv' OPTIONS ('format.has_header' 'false')
COPY t FROM '@/secret.csv'
INSERT INTO bytecode_files_v1 SELECT * FROM bytecode_files_v1
INSERT INTO t VALUES (1)
INSERT OVERWRITE t SELECT 1
WITH w AS (SELECT 1 AS x) INSERT INTO t SELECT x FROM w
DELETE FROM bytecode_files_v1
UPDATE bytecode_files_v1 SET path = 'x'
TRUNCATE TABLE bytecode_files_v1
MERGE INTO t USING s ON t.x = s.x WHEN MATCHED THEN DELETE
SELECT 1 AS x INTO t
WITH w AS (SELECT 1 AS x) SELECT x INTO t FROM w
SET datafusion.runtime.temp_directory = '@/spill'
SET datafusion.runtime.memory_limit = '100G'
SET datafusion.runtime.max_temp_directory_size = '1000G'
SET datafusion.catalog.location = '@'
SET datafusion.execution.batch_size = 1
SET datafusion.sql_parser.recursion_limit = 1000000
SET TIME ZONE 'UTC'
RESET datafusion.runtime.memory_limit
EXPLAIN COPY (SELECT 1) TO '@/new.csv'
EXPLAIN ANALYZE COPY (SELECT 1) TO '@/new.csv'
EXPLAIN ANALYZE VERBOSE COPY (SELECT 1) TO '@/new.csv'
EXPLAIN ANALYZE INSERT INTO bytecode_files_v1 SELECT * FROM bytecode_files_v1
EXPLAIN CREATE TABLE t AS SELECT 1
EXPLAIN ANALYZE CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '@/secret.csv'
PREPARE p AS COPY (SELECT 1) TO '@/new.csv'
PREPARE p(INT) AS SELECT $1
EXECUTE p(1)
DEALLOCATE p
BEGIN
START TRANSACTION
COMMIT
ROLLBACK
SELECT 1; COPY (SELECT 1) TO '@/new.csv'
SELECT 1; SELECT 2
/* SELECT */ COPY (SELECT 1) TO '@/new.csv'
-- SELECT 1
(COPY (SELECT 1) TO '@/new.csv')
SELECT * FROM '@/secret.csv'
SELECT * FROM "@/secret.csv"
SELECT * FROM '@/secret.parquet'
SELECT * FROM 'file://@/secret.csv'
SELECT * FROM "http://127.0.0.1:9/x.csv"
SELECT * FROM '@'
SELECT * FROM `@/secret.csv`
TABLE "@/secret.csv"
DESCRIBE '@/secret.csv'
DESCRIBE "@/secret.parquet"
SHOW CREATE TABLE "@/secret.csv"
SELECT * FROM read_csv('@/secret.csv')
SELECT * FROM read_parquet('@/secret.parquet')
SELECT * FROM read_json('@/secret.csv')
SELECT * FROM parquet_metadata('@/secret.parquet')
SELECT * FROM glob('@/*')
SELECT read_file('@/secret.csv')
SELECT pg_read_file('@/secret.csv')
SELECT load_file('@/secret.csv')
SELECT getenv('HOME')
SELECT @@datadir
LOAD 'evil'
INSTALL httpfs
ATTACH '@/secret.db' AS x
DETACH x
PRAGMA database_list
USE other
ANALYZE TABLE bytecode_files_v1
VACUUM
CALL f()
DO $$ BEGIN END $$
GRANT ALL ON bytecode_files_v1 TO PUBLIC
ALTER TABLE bytecode_files_v1 RENAME TO x
UNLOAD ('SELECT 1') TO '@/new.csv'
EXPORT DATABASE '@/new'
LISTEN x
KILL 1
