// TransactionMix: what an application would send, one transaction after the other.
//
// Pure: statements go out, nothing comes back. The same seed and the same extents give the same statements.
// A statement may find no row, or clash with a key; that is part of the load, and the sender carries on.
// Driven by one thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "loadgen/text.h"

namespace srdf::loadgen {

// How far the tables' numbers go; read from the server now and then, so that statements meet rows.
struct Extents {
  uint64_t customers = 1500;
  uint64_t orders = 2500;
  uint64_t events = 4000;
  uint64_t documents = 60;
  bool events_have_channel = false;  // the column that a DDL adds in the middle
};

class TransactionMix {
 public:
  // `stream` tells generators of the same seed apart.
  TransactionMix(uint64_t seed, unsigned stream);

  // Statements of one transaction, from BEGIN to COMMIT or ROLLBACK.
  std::vector<std::string> Next(const Extents& extents);

 private:
  using Operation = void (TransactionMix::*)(const Extents&);
  struct Share {
    unsigned weight;
    Operation operation;
  };
  static const std::array<Share, 18> kShares;

  void Transfer(const Extents& extents);
  void PlaceOrder(const Extents& extents);
  void AdvanceOrders(const Extents& extents);
  void RenumberLines(const Extents& extents);
  void DeleteOrders(const Extents& extents);
  void NewCustomer(const Extents& extents);
  void ChangeCustomer(const Extents& extents);
  void DeleteCustomer(const Extents& extents);
  void AppendEvents(const Extents& extents);
  void DeleteEvents(const Extents& extents);
  void WriteDocument(const Extents& extents);
  void Audit(const Extents& extents);
  void ChangeSetting(const Extents& extents);
  void SwapSeats(const Extents& extents);
  void RenameWarehouse(const Extents& extents);
  void MoveStock(const Extents& extents);
  void Scratch(const Extents& extents);
  void ManyRows(const Extents& extents);

  void Add(std::string statement) { statements_.push_back(std::move(statement)); }
  unsigned Account();
  uint64_t Recent(uint64_t extent);  // mostly one of the last numbers, sometimes any

  Text text_;
  const unsigned stream_;
  uint64_t emails_ = 0;  // makes addresses unique within a stream
  std::vector<std::string> statements_;
};

}  // namespace srdf::loadgen
