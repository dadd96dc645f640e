-- A forum as it was made fifteen years ago and kept since: latin1, zero dates, display widths, sql_mode '', prefixed
-- tables, words that are keywords now, an old client character set, tables altered again and again.
SET SQL_MODE='';
SET NAMES latin1;
SET storage_engine=InnoDB;
SET AUTOCOMMIT=0;
START TRANSACTION;
DROP DATABASE IF EXISTS `old_forum`;
CREATE DATABASE `old_forum` DEFAULT CHARACTER SET latin1 COLLATE latin1_swedish_ci;
USE `old_forum`;

CREATE TABLE IF NOT EXISTS `phorum_user` (
  `user_id` mediumint(8) unsigned NOT NULL auto_increment,
  `group` int(3) NOT NULL default '2',
  `rank` tinyint(2) unsigned zerofill NOT NULL default '00',
  `username` varchar(20) character set latin1 collate latin1_general_cs NOT NULL default '',
  `password` char(32) character set ascii NOT NULL,
  `signature` tinytext,
  `last_visit` datetime NOT NULL default '0000-00-00 00:00:00',
  `birthday` date NOT NULL default '0000-00-00',
  `joined` year(4) NOT NULL default '0000',
  `changed` timestamp NOT NULL,
  `other` timestamp NOT NULL default '0000-00-00 00:00:00',
  `ratio` float(7,4) NOT NULL default '0.0000',
  `points` double(16,6) default NULL,
  `bits` bit(5) NOT NULL default b'101',
  PRIMARY KEY  (`user_id`),
  UNIQUE KEY `username` (`username`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 PACK_KEYS=1 CHECKSUM=1 AVG_ROW_LENGTH=120 COMMENT='Nutzer; dänisch: Åge' AUTO_INCREMENT=3 ;

INSERT INTO `phorum_user` (`username`, `password`, `signature`, `last_visit`, `birthday`, `joined`, `ratio`, `points`, `bits`) VALUES
('Jürgen', MD5('x'), 'grüße\\n', '0000-00-00 00:00:00', '1999-00-00', 1901, 1.5, -0.000001, b'11111'),
('jÃ¼rgen', '', '\0\r\n\Z\'"', '2009-02-31 25:00:00', '2000-02-30', 2155, 99999.99999, 1e10, 0),
('a name that is far too long for its column', 'too long as well, and so it is cut by the server', NULL, 20101231, 0, 70, 'abc', '12x', 33);
COMMIT;

-- A table that began in utf8 and was told otherwise later; bytes that are not text.
CREATE TABLE `phorum_post` (
  `id` int(11) NOT NULL auto_increment,
  `thread` int(11) NOT NULL,
  `from` mediumint(8) unsigned,
  `body` text,
  `raw` blob,
  `key` varchar(255) binary,
  KEY (`thread`),
  PRIMARY KEY (`id`)
) ENGINE=InnoDB CHARACTER SET utf8 COLLATE utf8_bin;
INSERT INTO phorum_post VALUES (NULL, 1, 1, 'schon', 0xC3A9FF00, 'K'), (NULL, 1, 2, 'schön', '§', 'k'), (NULL, 2, NULL, '', NULL, '');
COMMIT;
ALTER TABLE phorum_post ADD `created` datetime DEFAULT '0000-00-00 00:00:00' AFTER `id`, ADD INDEX `by_key` (`key`(10));
UPDATE phorum_post SET created = '2005-05-05 05:05:05' WHERE id = 2;
COMMIT;
ALTER TABLE phorum_post CONVERT TO CHARACTER SET latin1;
ALTER TABLE phorum_post MODIFY `body` longtext CHARACTER SET koi8r, ADD COLUMN `mood` enum('','froh','ärgerlich') NOT NULL;
INSERT INTO phorum_post (thread, `body`, mood) VALUES (3, 'ordinary', 'ärgerlich'), (3, 'empty mood', 'none of these');
COMMIT;
ALTER TABLE phorum_post DROP PRIMARY KEY, CHANGE `id` `post_id` bigint(20) unsigned zerofill NOT NULL auto_increment FIRST, ADD PRIMARY KEY (thread, post_id), ADD UNIQUE (post_id);
ALTER TABLE phorum_post AUTO_INCREMENT = 5000;
INSERT INTO phorum_post (thread) VALUES (9), (9);
COMMIT;

-- No key at all, rows twice; a log that is copied, emptied and exchanged.
CREATE TABLE phorum_log (`when` datetime, what varchar(40)) ENGINE=InnoDB;
INSERT INTO phorum_log VALUES ('0000-00-00', 'a'), ('2001-00-00 10:00:00', 'a'), (NULL, 'a'), (NULL, 'a'), ('2012-12-12 12:12:12', 'b');
COMMIT;
CREATE TABLE phorum_log_2 LIKE phorum_log;
INSERT INTO phorum_log_2 SELECT * FROM phorum_log;
INSERT INTO phorum_log_2 SELECT * FROM phorum_log_2;
COMMIT;
DELETE FROM phorum_log_2 WHERE what = 'a' LIMIT 3;
UPDATE phorum_log_2 SET what = 'c' WHERE `when` IS NULL LIMIT 1;
COMMIT;
TRUNCATE phorum_log;
RENAME TABLE phorum_log TO phorum_log_old, phorum_log_2 TO phorum_log;
CREATE TABLE phorum_stat SELECT thread, COUNT(*) posts, MAX(created) newest, 'kør' word FROM phorum_post GROUP BY thread;
CREATE TEMPORARY TABLE scratch SELECT * FROM phorum_stat;
INSERT INTO scratch SELECT * FROM phorum_stat;
INSERT INTO phorum_stat SELECT * FROM scratch WHERE posts > 1;
DROP TEMPORARY TABLE scratch;
COMMIT;

SET NAMES cp850;
CREATE VIEW phorum_names AS SELECT username, CONCAT('Herr „', username) AS title FROM phorum_user;
SET NAMES utf8mb4;
CREATE VIEW phorum_posts AS SELECT p.post_id, n.title, 'GrÃ¶ÃŸe' AS `grÃ¶ÃŸe` FROM phorum_post p LEFT JOIN phorum_user u ON u.user_id = p.`from` LEFT JOIN phorum_names n USING (username);
SET character_set_client = latin1, collation_connection = latin1_german1_ci;
DELIMITER |
CREATE PROCEDURE tidy(n INT)
BEGIN
  -- two statements; one comment
  DELETE FROM phorum_log WHERE what = 'gelöscht';
  INSERT INTO phorum_log VALUES ('0000-00-00', CONCAT('tidied ', n));
END|
CREATE FUNCTION shout(s VARCHAR(50)) RETURNS VARCHAR(60) DETERMINISTIC RETURN CONCAT(UPPER(s), '!')|
DELIMITER ;
CALL tidy(1);
UPDATE phorum_user SET signature = shout(username);
COMMIT;
ALTER TABLE phorum_user ADD CONSTRAINT whole CHECK (joined >= 0), ADD `shouted` varchar(40) GENERATED ALWAYS AS (upper(`username`)) PERSISTENT, ADD KEY (shouted);
INSERT INTO phorum_user (username, password, joined) VALUES ('Åge', 'p', 1), ('later', 'q', 2020);
DELETE FROM phorum_user WHERE username = 'later';
COMMIT;
ALTER DATABASE old_forum COLLATE latin1_german1_ci;
CREATE TABLE phorum_late (a varchar(9));
DROP TABLE IF EXISTS phorum_nothing, phorum_log_old;
