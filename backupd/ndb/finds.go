package ndb

// findsTables goes before the definitions that a human carries out on an SQL node of a new cluster: it
// lets the node find the tables that it has not made itself, and waits until it has. Seen with 9.7.2: a
// view of a table that ndb_restore made is refused until then.
const findsTables = `-- The tables that ndb_restore made are found first.
SET @kagu_log_bin = @@SESSION.sql_log_bin, SESSION sql_log_bin = OFF;
SET GLOBAL ndb_metadata_sync = ON;
DROP PROCEDURE IF EXISTS mysql.kagu_finds_tables;
DELIMITER ;;
CREATE PROCEDURE mysql.kagu_finds_tables()
BEGIN
  DECLARE tries INT DEFAULT 3000;
  WHILE @@GLOBAL.ndb_metadata_sync AND tries > 0 DO
    DO SLEEP(0.1);
    SET tries = tries - 1;
  END WHILE;
END;;
DELIMITER ;
CALL mysql.kagu_finds_tables();
DROP PROCEDURE mysql.kagu_finds_tables;
SET SESSION sql_log_bin = @kagu_log_bin;

`
