// KeyedTable: rows of one table at the target, found by images: by their key, by a range of keys, by all they
// hold.
//
// What is known of a table is read once and kept until Forget; triggers, which anybody may make at any time,
// once per wagon. Conditions are made of literals that compare as the columns compare (sql_literal.h), in the
// form that the server can read as a range of the key's index. Driven by one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/row_layout.h"
#include "engine_mariadb/sql_table.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

struct KeyedTable {
  TableSchema schema;  // as the last Find was asked, with its table_ref
  SqlTable sql;
  RowLayout layout;
  // The key's columns in the order in which keys are compared: that of the source's index, told by the table
  // map. Empty: no key, or not told.
  std::vector<uint16_t> order;
  std::string index;  // at the target, of these columns; empty: none was found
  struct UniqueKey {
    std::string index;  // empty: over prefixes or kept by a hash, so that rows are found by reading the table
    std::vector<uint16_t> columns;
    std::vector<unsigned> prefixes;  // of each column, so many characters or bytes of it count; 0: all
    bool scanned() const { return index.empty(); }
  };
  std::vector<UniqueKey> other_keys;  // beside the logical key
  bool triggers_known = false;

  // Takes an image of the columns in the bitmap apart; kDataLoss when it is not one. Views live as long as
  // the image.
  Status SplitImage(ByteView bitmap, ByteView image, RowSlices* out) const;
  // The same of a key: the values of the schema's key columns, one after the other. *image becomes the image
  // of the key's columns, which the views are of.
  Status SplitKey(ByteView key, std::string* image, RowSlices* out) const;
  std::string KeyBitmap() const;

  // Appends conditions. kFailedPrecondition, naming the column, when a value has no literal.
  // True for the row with this key; the slices have all columns of the key, else kFailedPrecondition.
  Status AppendKeyIs(const RowSlices& row, std::string* out) const {
    return AppendColumnsAre(schema.key_columns, row, out);
  }
  // True for rows that one with these values clashes with. False: it clashes with none (NULL clashes with
  // nothing, and what the slices do not have does not change), and nothing is appended.
  Result<bool> AppendClash(const UniqueKey& key, const RowSlices& row, std::string* out) const;
  // True for rows with a key after `after` and up to `until`; empty for none. Both empty: nothing is
  // appended.
  Status AppendKeyIn(ByteView after, ByteView until, std::string* out) const;
  // True for rows that are these values to the bit; of all columns of the bitmap that SQL can compare.
  Status AppendRowIs(const RowSlices& row, std::string* out) const;

 private:
  Status AppendColumnsAre(const std::vector<uint16_t>& columns, const RowSlices& row, std::string* out) const;
  Status AppendLiteral(uint16_t column, const RowSlices& row, std::string* out) const;
  Status AppendBeyond(const RowSlices& bound, char direction, bool inclusive, std::string* out) const;
};

class KeyedTables {
 public:
  explicit KeyedTables(Connection* connection) : connection_(connection) {}

  // Valid until the next Find, Forget or BeginWagon. `schema` is that of rows in a wagon, found to fit the
  // target.
  Result<KeyedTable*> Find(const TableSchema& schema);
  // The triggers of the table, as far as the user may see them, are in table->sql.
  Status LoadTriggers(KeyedTable* table);
  void BeginWagon();
  void Forget() { tables_.clear(); }

 private:
  Status LoadKeys(KeyedTable* table) const;

  Connection* const connection_;
  // Schemas of the log and of snapshots may differ a little: each table has its last two.
  std::map<std::pair<std::string, std::string>, std::deque<KeyedTable>> tables_;
};

}  // namespace srdf::engine_mariadb
