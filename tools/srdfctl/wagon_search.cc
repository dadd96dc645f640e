#include "srdfctl/wagon_search.h"

#include <tuple>
#include <utility>

namespace srdf::ctl {
namespace {

std::tuple<uint64_t, uint64_t> Place(const model::v1::WagonInfo& wagon) {
  return {wagon.header().epoch(), wagon.header().sequence()};
}

}  // namespace

std::string KnownWagon::status() const {
  if (!outbox) return inbox->status();
  // The shipper may not have heard yet of what the inbox knows.
  const bool under_way = outbox->applied_at_ms() == 0 && outbox->merged_into().empty() &&
                         outbox->status() != "superseded" && outbox->status() != "skipped";
  const bool further =
      inbox && (inbox->status() == "applied" || inbox->status() == "skipped" || inbox->status() == "failed");
  return under_way && further ? inbox->status() : outbox->status();
}

int64_t KnownWagon::accepted_at_ms() const {
  if (inbox && inbox->status() != "receiving") return inbox->stored_at_ms();
  return outbox ? outbox->acked_at_ms() : 0;
}

int64_t KnownWagon::applied_at_ms() const {
  if (inbox && inbox->applied_at_ms() != 0) return inbox->applied_at_ms();
  return outbox ? outbox->applied_at_ms() : 0;
}

const model::v1::WagonInfo* WagonSearch::Queue::Head() {
  if (page.empty() && !ended) Fill();
  return page.empty() ? nullptr : &page.front();
}

model::v1::WagonInfo WagonSearch::Queue::Take() {
  model::v1::WagonInfo wagon = std::move(page.front());
  page.pop_front();
  return wagon;
}

// A superseded wagon and the one in its place have the same sequence: a page begins again with the last
// sequence of the one before, less what that had.
void WagonSearch::Queue::Fill() {
  while (page.empty() && !ended) {
    auto more = list(before);
    if (!more.ok()) {
      trouble = more.status();
      ended = true;
      return;
    }
    std::set<std::string> uids;
    uint64_t last = 0;
    for (model::v1::WagonInfo& wagon : *more) {
      last = wagon.header().sequence();
      uids.insert(wagon.header().uid());
      if (!last_uids.contains(wagon.header().uid())) page.push_back(std::move(wagon));
    }
    const bool is_new = !page.empty();
    ended = more->empty() || (!is_new && last <= 1);
    before = is_new ? last + 1 : last;
    last_uids = std::move(uids);
  }
}

Result<std::optional<KnownWagon>> WagonSearch::Next() {
  const model::v1::WagonInfo* out = outbox_.Head();
  const model::v1::WagonInfo* in = inbox_.Head();
  if (out == nullptr && in == nullptr) {
    if (!outbox_.trouble.ok() && !inbox_.trouble.ok()) return outbox_.trouble;
    return std::optional<KnownWagon>();
  }
  KnownWagon wagon;
  const bool same = out != nullptr && in != nullptr && out->header().uid() == in->header().uid();
  const bool out_first = out != nullptr && (in == nullptr || Place(*out) > Place(*in) ||
                                            (Place(*out) == Place(*in) && out->status() == "superseded"));
  if (same || out_first) wagon.outbox = outbox_.Take();
  if (same || !out_first) wagon.inbox = inbox_.Take();
  return std::optional<KnownWagon>(std::move(wagon));
}

}  // namespace srdf::ctl
