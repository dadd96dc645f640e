// Texts of statements and positions, as a source's log or an operator gives them.
#include "engine_mariadb/foreign_key_change.h"
#include "engine_mariadb/gtid_position.h"
#include "engine_mariadb/names_in_text.h"
#include "engine_mariadb/sql_tokens.h"
#include "engine_mariadb/statement_classifier.h"
#include "engine_mariadb/text_excerpt.h"
#include "fuzz/fuzz_target.h"

namespace srdf::fuzz {

namespace mariadb = engine_mariadb;

void FuzzOne(std::string_view input) {
  mariadb::Tokens tokens(input);
  size_t count = 0;
  while (tokens.Next().kind != mariadb::Token::kEnd) {
    Require(++count <= input.size(), "a text has more tokens than bytes");
  }
  (void)mariadb::ClassifyStatement(input, "shop");
  (void)mariadb::ComputesNothing(input);
  (void)mariadb::SavepointName(input);
  (void)mariadb::ForeignKeysChangedBy(input, "shop");
  (void)mariadb::NamesInText(input).Has("orders");
  // Bytes that are no text are replaced one by one; what is cut off is marked by three bytes.
  Require(mariadb::Excerpt(input, 100).size() <= 103, "an excerpt is longer than it may be");
  if (const auto position = mariadb::GtidPosition::Parse(input); position.ok()) {
    const auto again = mariadb::GtidPosition::Parse(position->ToString());
    Require(again.ok() && *again == *position, "a position changes by its text");
    Require(position->Contains(*position), "a position does not contain itself");
  }
}

std::vector<std::string> Seeds() {
  return {
      "CREATE TABLE orders (id INT PRIMARY KEY, c INT REFERENCES customers(id) ON DELETE CASCADE)",
      "ALTER TABLE `shop`.`orders` ADD CONSTRAINT fk FOREIGN KEY (c) REFERENCES x(y), DROP COLUMN z",
      "/*!50003 CREATE*/ /*M!100300 OR REPLACE */ TRIGGER t BEFORE INSERT ON o FOR EACH ROW SET @a='it''s'",
      "SAVEPOINT `a b`",
      "ROLLBACK TO SAVEPOINT x",
      "XA PREPARE X'61',X'62',1",
      "INSERT INTO t VALUES (1) -- comment\n# another\n/* third",
      "0-1-100,5-2-7",
      "# Dummy event replacing",
      "DROP TEMPORARY TABLE IF EXISTS `mysql`.`x`, \"y\""};
}

}  // namespace srdf::fuzz
