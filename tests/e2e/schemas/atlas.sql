-- Maps, measurements and their history: geometry, full text, partitions, system-versioned tables, sequences as
-- defaults, stored functions' words in generated columns, every numeric and temporal type with its edges.
SET NAMES utf8mb4;
DROP DATABASE IF EXISTS atlas;
CREATE DATABASE atlas CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
USE atlas;

CREATE TABLE place (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(100) NOT NULL,
  description TEXT,
  at POINT REF_SYSTEM_ID=4326 NOT NULL,
  outline POLYGON,
  anything GEOMETRY,
  route LINESTRING,
  many MULTIPOINT,
  SPATIAL KEY by_place (at),
  FULLTEXT KEY words (name, description),
  KEY by_name (name(20))
) ENGINE=InnoDB;
INSERT INTO place (name, description, at, outline, anything, route, many) VALUES
  ('Genève', 'Jet d''eau', ST_GeomFromText('POINT(6.1432 46.2044)', 4326), ST_GeomFromText('POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,3 2,3 3,2 2))'), ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))'), ST_GeomFromText('LINESTRING(0 0,1 1,2 4)'), ST_GeomFromText('MULTIPOINT(1 1,2 2)')),
  ('東京', '首都', ST_GeomFromText('POINT(139.69 35.68)', 4326), NULL, Point(-1.5, 1e300), NULL, NULL),
  ('', '', Point(0, 0), NULL, ST_GeomFromText('MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))'), NULL, NULL);

CREATE SEQUENCE reading_number START WITH 1 INCREMENT BY 1 NOCACHE;
CREATE TABLE reading (
  n BIGINT NOT NULL DEFAULT (NEXT VALUE FOR reading_number),
  taken DATETIME(6) NOT NULL,
  place INT UNSIGNED NOT NULL,
  level DOUBLE,
  small FLOAT UNSIGNED,
  span TIME(4),
  year_of SMALLINT AS (YEAR(taken)) PERSISTENT,
  label VARCHAR(60) AS (CONCAT(place, '@', CAST(taken AS DATE))) VIRTUAL,
  PRIMARY KEY (n, taken),
  KEY by_label (label)
) ENGINE=InnoDB
PARTITION BY RANGE COLUMNS (taken) SUBPARTITION BY HASH (n) SUBPARTITIONS 2 (
  PARTITION past VALUES LESS THAN ('2020-01-01') COMMENT = 'früher',
  PARTITION y2020 VALUES LESS THAN ('2021-01-01'),
  PARTITION later VALUES LESS THAN (MAXVALUE)
);
INSERT INTO reading (taken, place, level, small, span) VALUES
  ('1000-01-01 00:00:00', 1, 0.1, 3.4e38, '-838:59:59.9999'), ('2020-06-15 12:34:56.789012', 1, -1.7976931348623157e308, 1.17549e-38, '838:59:59.9999'),
  ('2020-12-31 23:59:59.999999', 2, 2.2250738585072014e-308, 0, '00:00:00.0001'), ('9999-12-31 23:59:59.999999', 2, -0.0, 16777217, '-00:00:00.5000');
ALTER TABLE reading REORGANIZE PARTITION later INTO (PARTITION y2021 VALUES LESS THAN ('2022-01-01'), PARTITION rest VALUES LESS THAN (MAXVALUE));
INSERT INTO reading (taken, place, level) SELECT '2021-03-01' + INTERVAL seq HOUR, 1 + seq MOD 2, SIN(seq) FROM seq_1_to_500;
UPDATE reading SET taken = taken + INTERVAL 1 YEAR WHERE n MOD 9 = 0 AND taken > '2021-01-01' AND taken < '9000-01-01';
ALTER TABLE reading TRUNCATE PARTITION y2020;
ALTER TABLE reading DROP PARTITION past;

CREATE TABLE archive_2021 LIKE reading;
ALTER TABLE archive_2021 REMOVE PARTITIONING;
CREATE TABLE by_list (k INT NOT NULL PRIMARY KEY, v VARCHAR(9)) PARTITION BY LIST (k MOD 3) (PARTITION p0 VALUES IN (0), PARTITION p1 VALUES IN (1), PARTITION p2 VALUES IN (2));
CREATE TABLE swap_in (k INT NOT NULL PRIMARY KEY, v VARCHAR(9));
INSERT INTO by_list SELECT seq, seq FROM seq_1_to_30;
INSERT INTO swap_in VALUES (100, 'in'), (103, 'in');
ALTER TABLE by_list EXCHANGE PARTITION p1 WITH TABLE swap_in;
CREATE TABLE by_key (k CHAR(10) CHARACTER SET latin1 NOT NULL PRIMARY KEY) PARTITION BY KEY (k) PARTITIONS 5;
INSERT INTO by_key VALUES ('a'), ('é'), (''), ('zz');
ALTER TABLE by_key COALESCE PARTITION 3;

CREATE TABLE price (
  article INT PRIMARY KEY,
  amount DECIMAL(65,30),
  note VARCHAR(20) WITHOUT SYSTEM VERSIONING
) WITH SYSTEM VERSIONING;
INSERT INTO price VALUES (1, 0.000000000000000000000000000001, 'a'), (2, -99999999999999999999999999999999999.999999999999999999999999999999, 'b');
UPDATE price SET amount = 2 WHERE article = 1;
UPDATE price SET note = 'only a note' WHERE article = 2;
DELETE FROM price WHERE article = 2;
INSERT INTO price VALUES (2, NULL, 'again');
CREATE TABLE contract (
  id INT NOT NULL, customer INT NOT NULL,
  date_from DATE NOT NULL, date_to DATE NOT NULL,
  row_start TIMESTAMP(6) GENERATED ALWAYS AS ROW START INVISIBLE, row_end TIMESTAMP(6) GENERATED ALWAYS AS ROW END INVISIBLE,
  PERIOD FOR SYSTEM_TIME (row_start, row_end),
  PRIMARY KEY (id)
) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION old HISTORY, PARTITION now CURRENT);
CREATE TABLE booking (room INT, a DATE, b DATE, PERIOD FOR stay (a, b), UNIQUE (room, stay WITHOUT OVERLAPS));
INSERT INTO booking VALUES (1, '2020-01-01', '2020-02-01'), (1, '2020-02-01', '2020-12-31');
UPDATE booking FOR PORTION OF stay FROM '2020-03-01' TO '2020-04-01' SET room = 2;
INSERT INTO contract (id, customer, date_from, date_to) VALUES (1, 7, '2020-01-01', '2021-01-01'), (2, 7, '2021-01-01', '2022-01-01');
UPDATE contract SET customer = 8 WHERE id = 2;
DELETE FROM booking FOR PORTION OF stay FROM '2020-05-01' TO '2020-06-01';

CREATE TABLE numbers (
  a TINYINT, b SMALLINT UNSIGNED, c MEDIUMINT, d INT UNSIGNED ZEROFILL, e BIGINT, f BIGINT UNSIGNED, g BIT(64), h BOOLEAN,
  i DECIMAL(1,1), j DECIMAL(38,0), k YEAR, l DATE, m DATETIME, n TIMESTAMP NULL, o BINARY(3), p VARBINARY(300), q CHAR(255) CHARACTER SET ucs2,
  r UUID, s INET4, t INET6, u JSON, v SET('a','b ;','c''d'), w ENUM('','x') CHARACTER SET utf16, x TINYBLOB, y LONGTEXT, z NATIONAL VARCHAR(10),
  made UUID DEFAULT UUID() INVISIBLE, nr BIGINT NOT NULL DEFAULT (NEXT VALUE FOR reading_number) INVISIBLE PRIMARY KEY,
  INDEX USING BTREE (p(100)), UNIQUE KEY by_hash (y) USING HASH
);
INSERT INTO numbers VALUES
 (-128, 0, -8388608, 7, -9223372036854775808, 18446744073709551615, x'FFFFFFFFFFFFFFFF', TRUE, 0.9, 99999999999999999999999999999999999999, 1901, '0001-01-01', '9999-12-31 23:59:59', '1970-01-01 00:00:01', x'00', x'00FF', 'Ω', '00000000-0000-0000-0000-000000000000', '255.255.255.255', '::', '{"a":"\\u00e9"}', 'a,c''d', 'x', '', 'one', 'é'),
 (127, 65535, 8388607, 4294967295, 9223372036854775807, 0, 0, FALSE, -0.9, -99999999999999999999999999999999999999, 2155, '9999-12-31', '0001-01-01 00:00:00', '2038-01-19 03:14:07', x'FFFFFF', REPEAT('x', 300), REPEAT('好', 255), 'ffffffff-ffff-ffff-ffff-ffffffffffff', '0.0.0.0', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '[]', '', '', REPEAT('y', 255), REPEAT('two ', 30000), ''),
 (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
ALTER TABLE numbers ADD COLUMN id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT UNIQUE FIRST;
UPDATE numbers SET a = 1 WHERE id = 3;
ALTER TABLE numbers DROP COLUMN made, DROP COLUMN q, ADD COLUMN q2 VARCHAR(9) DEFAULT 'q' AFTER p;
INSERT INTO numbers (a, y) VALUES (5, 'three');

-- The same name as a table, a view, then a table again; views that need each other.
CREATE VIEW chain_1 AS SELECT id, name FROM place;
CREATE VIEW chain_2 AS SELECT c.id, p.level FROM chain_1 c JOIN reading p ON p.place = c.id;
CREATE VIEW chain_3 AS WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT r.n, c.level FROM r LEFT JOIN chain_2 c ON c.id = r.n;
CREATE OR REPLACE VIEW chain_1 AS SELECT id, UPPER(name) AS name, 'ß' AS s FROM place WHERE id > 0;
ALTER ALGORITHM=MERGE SQL SECURITY INVOKER VIEW chain_2 AS SELECT c.id, p.level, p.label FROM chain_1 c JOIN reading p ON p.place = c.id;
RENAME TABLE chain_3 TO chain_end;
CREATE OR REPLACE TABLE swap_in AS SELECT id, name, ST_AsText(at) AS at FROM place;
CREATE TABLE `name with spaces, ``ticks`` and 名` (`a``b` INT PRIMARY KEY, `é` VARCHAR(5) DEFAULT 'é''`');
INSERT INTO `name with spaces, ``ticks`` and 名` VALUES (1, DEFAULT);
ALTER TABLE `name with spaces, ``ticks`` and 名` ADD INDEX `i``x` (`é`), COMMENT 'it''s; -- not /* a */ comment';
CREATE INDEX IF NOT EXISTS by_level ON reading (level) COMMENT 'Pegel';
ALTER TABLE reading ALTER INDEX by_level IGNORED;
DROP INDEX by_name ON place;
ALTER TABLE place RENAME COLUMN description TO words_about, RENAME INDEX words TO all_words;
