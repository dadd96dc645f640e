-- A shop over two databases, as mariadb-dump writes it: headers in executable comments, DELIMITER, DEFINER
-- clauses of users that no server has, views that depend on each other, references from one database to the other.
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET @OLD_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS */;
/*!40101 SET @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;

DROP DATABASE IF EXISTS suite_shop;
DROP DATABASE IF EXISTS suite_stock;
CREATE DATABASE /*!32312 IF NOT EXISTS*/ `suite_shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci */;
CREATE DATABASE `suite_stock` CHARACTER SET latin1 COLLATE latin1_german2_ci COMMENT 'Lager, Köln';

USE `suite_shop`;

-- Children come before their parents, because foreign keys are not checked now.
DROP TABLE IF EXISTS `order_line`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `order_line` (
  `order_id` bigint(20) unsigned NOT NULL,
  `line` smallint(5) unsigned NOT NULL,
  `article` varchar(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `quantity` decimal(9,3) NOT NULL DEFAULT 1.000,
  `price` decimal(12,4) NOT NULL,
  `total` decimal(20,4) GENERATED ALWAYS AS (round(`quantity` * `price`,4)) STORED,
  `is_return` tinyint(1) GENERATED ALWAYS AS (`quantity` < 0) VIRTUAL,
  PRIMARY KEY (`order_id`,`line`),
  KEY `by_article` (`article`),
  KEY `by_total` (`total`),
  CONSTRAINT `line_of_order` FOREIGN KEY (`order_id`) REFERENCES `order` (`id`) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT `line_of_article` FOREIGN KEY (`article`) REFERENCES `suite_stock`.`article` (`code`) ON UPDATE CASCADE,
  CONSTRAINT `price_is_sane` CHECK (`price` >= 0 and `price` < 1000000)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

CREATE TABLE `order` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `customer_id` int(10) unsigned DEFAULT NULL,
  `number` varchar(20) GENERATED ALWAYS AS (concat('O-',lpad(`id`,8,'0'))) VIRTUAL,
  `status` enum('new','paid','sent','zurück') NOT NULL DEFAULT 'new',
  `flags` set('gift','express','b2b') NOT NULL DEFAULT '',
  `placed_at` timestamp(3) NOT NULL DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3),
  `note` mediumtext DEFAULT NULL,
  `meta` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`meta`)),
  PRIMARY KEY (`id`),
  KEY `order_customer` (`customer_id`,`placed_at` DESC),
  FULLTEXT KEY `order_note` (`note`),
  CONSTRAINT `order_of_customer` FOREIGN KEY (`customer_id`) REFERENCES `customer` (`id`) ON DELETE SET NULL
) ENGINE=InnoDB AUTO_INCREMENT=1001 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='Aufträge – «all» of them';

CREATE TABLE `customer` (
  `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
  `referred_by` int(10) unsigned DEFAULT NULL,
  `email` varchar(190) NOT NULL,
  `name` varchar(80) NOT NULL,
  `born` date DEFAULT NULL,
  `key` uuid NOT NULL DEFAULT uuid(),
  `last_ip` inet6 DEFAULT NULL,
  `secret` varbinary(32) /*!100301 INVISIBLE */ DEFAULT NULL,
  `balance` decimal(14,2) NOT NULL DEFAULT 0.00,
  PRIMARY KEY (`id`),
  UNIQUE KEY `email` (`email`),
  UNIQUE KEY `key` (`key`),
  CONSTRAINT `referrer` FOREIGN KEY (`referred_by`) REFERENCES `customer` (`id`) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `audit` (
  `at` datetime(6) NOT NULL,
  `who` varchar(141) NOT NULL,
  `what` varchar(255) CHARACTER SET latin1 COLLATE latin1_swedish_ci DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci;

CREATE TABLE `suite_stock`.`article` (
  `code` varchar(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `title` varchar(120) NOT NULL,
  `weight` double DEFAULT NULL,
  `picture` longblob DEFAULT NULL,
  `description` text /*!100301 COMPRESSED*/ DEFAULT NULL,
  PRIMARY KEY (`code`),
  KEY `title` (`title`(30))
) ENGINE=InnoDB ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8;

CREATE SEQUENCE `suite_stock`.`batch_number` START WITH 500 MINVALUE 1 MAXVALUE 99999 INCREMENT BY 5 CACHE 20 CYCLE ENGINE=InnoDB;

-- Stand-ins for views that others need, as dumps have them: replaced further down.
/*!50001 CREATE VIEW `open_orders` AS SELECT 1 AS `id`, 1 AS `customer`, 1 AS `total` */;

LOCK TABLES `suite_stock`.`article` WRITE;
/*!40000 ALTER TABLE `suite_stock`.`article` DISABLE KEYS */;
INSERT INTO `suite_stock`.`article` VALUES
  ('A-1','Schüssel, groß',1.25,0x89504E470D0A1A0A0000FF,'Steingut'),
  ('A-2','Löffel',0.1,NULL,REPEAT('Besteck aus Solingen. ',200)),
  ('B-9','Grüße (Karte)',-0.0,'','');
/*!40000 ALTER TABLE `suite_stock`.`article` ENABLE KEYS */;
UNLOCK TABLES;

LOCK TABLES `customer` WRITE, `order` WRITE, `order_line` WRITE;
/*!40000 ALTER TABLE `customer` DISABLE KEYS */;
INSERT INTO `customer` (`id`,`referred_by`,`email`,`name`,`born`,`key`,`last_ip`,`secret`,`balance`) VALUES
  (1,NULL,'ada@example.org','Ada 🚃','1815-12-10','00112233-4455-6677-8899-aabbccddeeff','2001:db8::1',0x00FF10,10.50),
  (2,1,'bob@example.org','Bob \'B.\' O\\\'Neil',NULL,'123e4567-e89b-12d3-a456-426655440000','::ffff:192.0.2.7',NULL,-3.00),
  (3,2,'zoe@example.org','Zoë','2000-02-29','123e4567-e89b-12d3-a456-426655440001',NULL,'',0.00);
/*!40000 ALTER TABLE `customer` ENABLE KEYS */;
INSERT INTO `order` (`id`,`customer_id`,`status`,`flags`,`placed_at`,`note`,`meta`) VALUES
  (0,1,'paid','gift,b2b','1970-01-01 00:00:01.001','a zero that stays a zero','{"zero": true}'),
  (1001,1,'new','','2024-02-29 23:59:59.999','quick brown fox','{"a": [1, 2.50, null]}'),
  (1002,2,'zurück','express','2038-01-19 03:14:07.000',NULL,NULL);
INSERT INTO `order_line` (`order_id`,`line`,`article`,`quantity`,`price`) VALUES
  (0,1,'A-1',2.000,19.9900),(1001,1,'A-1',1.000,19.9900),(1001,2,'A-2',12.000,1.4950),(1002,1,'B-9',-1.000,2.0000);
UNLOCK TABLES;

-- Triggers: one of them in another sql_mode, one written in latin1.
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`nobody`@`nowhere.example`*/ /*!50003 TRIGGER customer_in BEFORE INSERT ON customer FOR EACH ROW
BEGIN
  -- a comment; with a semicolon
  IF NEW.email NOT LIKE '%@%' THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'an e-mail address has an @';
  END IF;
  SET NEW.name = TRIM(NEW.name);
END */;;
/*!50003 CREATE*/ /*!50017 DEFINER=`shop_admin`@`%`*/ /*!50003 TRIGGER line_in AFTER INSERT ON order_line FOR EACH ROW
BEGIN
  INSERT INTO audit VALUES (NOW(6), CURRENT_USER(), CONCAT('line ', NEW.order_id, '/', NEW.line, ' of ', NEW.total));
  UPDATE customer c JOIN `order` o ON o.customer_id = c.id SET c.balance = c.balance - NEW.total WHERE o.id = NEW.order_id;
END */;;
DELIMITER ;
/*!50003 SET sql_mode              = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES' */ ;
DELIMITER $$
CREATE DEFINER="shop_admin"@"%" TRIGGER "line_out" AFTER DELETE ON "order_line" FOR EACH ROW
BEGIN
  INSERT INTO audit VALUES (NOW(6), 'line_out', 'C:\path ' || OLD.article);
END$$
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
SET NAMES latin1;
CREATE TRIGGER line_change BEFORE UPDATE ON order_line FOR EACH ROW SET @was = 'ge�ndert';
CREATE TRIGGER line_change_2 BEFORE UPDATE ON order_line FOR EACH ROW PRECEDES line_change SET @first = 1;
SET NAMES utf8mb4 COLLATE utf8mb4_general_ci;

DELIMITER //
CREATE DEFINER=`shop_admin`@`%` FUNCTION `vat`(net DECIMAL(12,4), rate ENUM('full','half') CHARSET latin1) RETURNS decimal(12,4)
    DETERMINISTIC
    SQL SECURITY INVOKER
    COMMENT 'Mehrwertsteuer; «rate» is the name'
BEGIN
  DECLARE factor DECIMAL(3,2) DEFAULT IF(rate = 'half', 0.07, 0.19);
  RETURN net * factor;
END//
CREATE FUNCTION `customer_name`(n INT) RETURNS varchar(80) CHARSET utf8mb4 COLLATE utf8mb4_unicode_ci
    READS SQL DATA
  RETURN (SELECT name FROM customer WHERE id = n)//
CREATE PROCEDURE `make_orders`(IN how_many INT, OUT made INT)
    MODIFIES SQL DATA
BEGIN
  DECLARE i INT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET made = -1;
  SET made = 0;
  WHILE i < how_many DO
    START TRANSACTION;
    INSERT INTO `order` (customer_id, note) VALUES (1 + MOD(i, 3), CONCAT('made ', i));
    SET @id = LAST_INSERT_ID();
    INSERT INTO order_line (order_id, line, article, quantity, price) VALUES (@id, 1, 'A-1', i, 1.5), (@id, 2, 'A-2', 1, i);
    IF MOD(i, 7) = 6 THEN ROLLBACK; ELSE COMMIT; SET made = made + 1; END IF;
    SET i = i + 1;
  END WHILE;
END//
CREATE AGGREGATE FUNCTION `longest`(x VARCHAR(255)) RETURNS varchar(255) DETERMINISTIC
BEGIN
  DECLARE best VARCHAR(255) DEFAULT '';
  DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN best;
  LOOP
    FETCH GROUP NEXT ROW;
    IF CHAR_LENGTH(x) > CHAR_LENGTH(best) THEN SET best = x; END IF;
  END LOOP;
END//
DELIMITER ;
SET sql_mode = 'ORACLE';
DELIMITER //
CREATE PACKAGE prices AS
  FUNCTION gross(net DECIMAL(12,4)) RETURN DECIMAL(12,4);
END;
//
CREATE PACKAGE BODY prices AS
  FUNCTION gross(net DECIMAL(12,4)) RETURN DECIMAL(12,4) AS
  BEGIN
    RETURN net * 1.19;
  END;
END;
//
DELIMITER ;
SET sql_mode = @saved_sql_mode;

/*!50106 SET @saved_time_zone      = @@time_zone */ ;
/*!50106 SET time_zone             = '+02:00' */ ;
DELIMITER ;;
/*!50106 CREATE*/ /*!50117 DEFINER=`nobody`@`localhost`*/ /*!50106 EVENT `close_day` ON SCHEDULE EVERY 1 DAY STARTS '2031-07-01 23:30:00' ON COMPLETION PRESERVE COMMENT 'Tagesabschluß' DO
BEGIN
  DELETE FROM audit WHERE at < NOW() - INTERVAL 90 DAY;
END */ ;;
/*!50106 CREATE EVENT once ON SCHEDULE AT '2037-12-31 23:59:59' DISABLE DO SELECT 1 */ ;;
DELIMITER ;
/*!50106 SET time_zone             = @saved_time_zone */ ;

/*!50001 DROP VIEW IF EXISTS `open_orders`*/;
/*!50001 SET @saved_cs_client          = @@character_set_client */;
/*!50001 SET @saved_col_connection     = @@collation_connection */;
/*!50001 SET character_set_client      = utf8mb3 */;
/*!50001 SET collation_connection      = utf8mb3_general_ci */;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=`shop_admin`@`%` SQL SECURITY INVOKER */
/*!50001 VIEW `open_orders` AS select `o`.`id` AS `id`,`c`.`name` AS `customer`,sum(`l`.`total`) AS `total` from ((`order` `o` join `customer` `c` on(`c`.`id` = `o`.`customer_id`)) join `order_line` `l` on(`l`.`order_id` = `o`.`id`)) where `o`.`status` <> 'zurück' group by `o`.`id` */;
/*!50001 SET character_set_client      = @saved_cs_client */;
/*!50001 SET collation_connection      = @saved_col_connection */;
CREATE ALGORITHM=TEMPTABLE VIEW `big_orders` AS SELECT * FROM `open_orders` WHERE `total` > 10;
CREATE OR REPLACE ALGORITHM=MERGE VIEW `customers` (`no`, `who`) AS SELECT id, name FROM customer WHERE balance >= 0 WITH CASCADED CHECK OPTION;
USE suite_stock;
CREATE VIEW `sold` AS SELECT a.title, COUNT(*) AS lines_sold, suite_shop.vat(SUM(l.total), 'full') AS tax FROM article a JOIN suite_shop.order_line l ON l.article = a.code GROUP BY a.code;
CREATE VIEW `suite_shop`.`best` AS SELECT title FROM suite_stock.sold ORDER BY lines_sold DESC LIMIT 3;

SELECT NEXT VALUE FOR batch_number, NEXT VALUE FOR batch_number;
CALL suite_shop.make_orders(40, @made);
UPDATE suite_shop.order_line SET quantity = quantity + 1 WHERE line = 2;
DELETE FROM suite_shop.`order` WHERE id = 1002;
DELETE FROM suite_shop.customer WHERE id = 2;
UPDATE suite_stock.article SET code = 'A-10' WHERE code = 'A-1';

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;
SELECT 1 FROM suite_shop.customer LIMIT 0;
-- The same again with checks on: cascades over both databases.
UPDATE suite_stock.article SET code = 'A-11' WHERE code = 'A-2';
DELETE FROM suite_shop.`order` WHERE id = 1001;
DELETE FROM suite_shop.customer WHERE id = 1;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
/*!40101 SET CHARACTER_SET_RESULTS=@OLD_CHARACTER_SET_RESULTS */;
/*!40101 SET COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;
