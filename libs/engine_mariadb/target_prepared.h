// PreparedTransactions: what XA transactions prepared at the source, held in srdf.xa_prepared until their
// outcome.
//
// Everything happens in the wagon's transaction, so that what is held and the checkpoint never disagree. A
// part is stored in pieces that fit into the server's packets. Driven by one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/status.h"
#include "engine_mariadb/connection.h"
#include "model/prepared.h"

namespace srdf::engine_mariadb {

class PreparedTransactions {
 public:
  PreparedTransactions(Connection* connection, uint64_t packet_bytes_max);

  // Part 1 replaces what is held under the xid: the source takes an xid again only when the transaction of
  // before is gone (lost in a crash between its log and its storage engine).
  Status Hold(const std::string& flow, const PreparedPart& part);

  // Gives the records of every part in order, then forgets them. kFailedPrecondition when nothing is held
  // under the xid, kDataLoss when a piece is missing. Where wagons were skipped it is kFailedPrecondition
  // too, and names them: what they held is not known here, so nothing is applied that they may have decided.
  struct Part {
    std::string gtid;
    std::string_view records;  // valid during the call
  };
  Status Take(const std::string& flow, const std::string& xid,
              const std::function<Status(const Part& part)>& apply);

  // Forgets them. Nothing held is right as well: it was prepared before the flow began.
  Status Drop(const std::string& flow, const std::string& xid);

 private:
  Status WasSkipped(const std::string& xid, const std::string& wagons) const;
  Status InDoubt(const std::string& flow, const std::string& xid, const std::string& wagon) const;
  std::string Where(const std::string& flow, const std::string& xid) const;

  Connection* const connection_;
  const uint64_t piece_bytes_max_;
};

}  // namespace srdf::engine_mariadb
