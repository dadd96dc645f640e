// WagonSearch: the wagons of a flow, newest first, as outbox and inbox know them together.
//
// What both have comes once; what one has purged already, or never had, comes from the other. A queue that
// cannot be asked is left out, and why is told. Driven by one thread; blocks as the lists do.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "srdf/model/v1/wagon.pb.h"

namespace srdf::ctl {

struct KnownWagon {
  std::optional<model::v1::WagonInfo> outbox;
  std::optional<model::v1::WagonInfo> inbox;

  const model::v1::WagonHeader& header() const { return outbox ? outbox->header() : inbox->header(); }
  bool payload_present() const {
    return (outbox && outbox->payload_present()) || (inbox && inbox->payload_present());
  }
  // The outbox's word, with what the inbox alone knows: "applied", "skipped" …
  std::string status() const;
  int64_t stored_at_ms() const { return outbox ? outbox->stored_at_ms() : 0; }
  int64_t accepted_at_ms() const;
  int64_t applied_at_ms() const;
};

class WagonSearch {
 public:
  // Wagons with a lower sequence, newest first; 0: from the newest. Empty: there are no more.
  using List = std::function<Result<std::vector<model::v1::WagonInfo>>(uint64_t before_sequence)>;
  WagonSearch(List outbox, List inbox) : outbox_{std::move(outbox)}, inbox_{std::move(inbox)} {}

  // Nothing at the end. An error when neither queue can be asked.
  Result<std::optional<KnownWagon>> Next();
  // Why a queue was left out.
  const Status& outbox_trouble() const { return outbox_.trouble; }
  const Status& inbox_trouble() const { return inbox_.trouble; }

 private:
  struct Queue {
    explicit Queue(List source) : list(std::move(source)) {}
    // The next wagon; null at the end.
    const model::v1::WagonInfo* Head();
    model::v1::WagonInfo Take();

    const List list;
    std::deque<model::v1::WagonInfo> page;
    std::set<std::string> last_uids;  // of the page before: a sequence may be there twice, on two pages
    uint64_t before = 0;
    bool ended = false;
    Status trouble;

   private:
    void Fill();
  };
  Queue outbox_;
  Queue inbox_;
};

}  // namespace srdf::ctl
