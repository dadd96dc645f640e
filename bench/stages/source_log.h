// SourceLog: the binlog events of a small load of sysbench's oltp_write_only on the private server, kept in
// memory, and an assembler that has learned the tables, as capture has when it has run for a while.
//
// Made at the first call; takes some seconds. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine_mariadb/binlog_event.h"
#include "engine_mariadb/catalogue.h"
#include "engine_mariadb/gtid_position.h"
#include "engine_mariadb/transaction_assembler.h"

namespace srdf::bench {

constexpr uint32_t kLogTransactions = 20'000;
constexpr uint64_t kRowsPerTransaction = 4;

class SourceLog {
 public:
  static SourceLog& Get();

  const std::vector<engine_mariadb::EventView>& events() const { return events_; }
  // How many of the events make up the first `transactions`, and their bytes in the log.
  size_t EventsOf(uint32_t transactions) const { return ends_.at(transactions); }
  uint64_t BytesOf(uint32_t transactions) const;
  // The events may be given to it again and again.
  engine_mariadb::TransactionAssembler* assembler() { return assembler_.get(); }
  // The GTID position before the first of them.
  const std::string& begin() const { return begin_; }

 private:
  SourceLog();
  void Learn();
  void RunLoad();
  void Read();

  std::string begin_;
  std::unique_ptr<engine_mariadb::Catalogue> catalogue_;
  std::unique_ptr<engine_mariadb::TransactionAssembler> assembler_;
  std::vector<std::string> bytes_;  // of each event, the checksum included
  std::vector<engine_mariadb::EventView> events_;
  std::vector<size_t> ends_;  // by number of transactions
};

}  // namespace srdf::bench
