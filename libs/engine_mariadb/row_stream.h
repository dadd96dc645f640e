// RowStream: the rows of one SELECT, as they come from the server: nothing of the result is kept.
//
// Over the binary protocol, so that numbers come as numbers and floats with every bit. One thread; the
// connection is taken until the stream is gone (what has not been read is read then, and dropped).
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "engine_mariadb/row_image_builder.h"

namespace srdf::engine_mariadb {

class RowStream {
 public:
  // The values of the result must be those of the builder's select_list. kAborted: they are of other types,
  // or the table was altered since the snapshot.
  static Result<RowStream> Open(Connection* connection, const std::string& sql, RowImageBuilder* builder);
  ~RowStream();
  RowStream(RowStream&& other) noexcept;
  RowStream& operator=(RowStream&&) = delete;

  // The next row is in the builder; false at the end.
  Result<bool> Next();

 private:
  RowStream(Connection* connection, RowImageBuilder* builder) : connection_(connection), builder_(builder) {}
  static void OnValue(void* self, unsigned column, unsigned char** in);
  Status Error(const char* what);

  Connection* connection_;
  RowImageBuilder* builder_;
  MYSQL_STMT* statement_ = nullptr;
  bool malformed_ = false;
  size_t malformed_value_ = 0;
};

}  // namespace srdf::engine_mariadb
