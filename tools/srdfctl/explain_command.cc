#include "srdfctl/explain_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>

#include "crypto/key_ring_source.h"
#include "srdfctl/explain_view.h"
#include "srdfctl/key_commands.h"
#include "srdfctl/mesh_client.h"
#include "srdfctl/text.h"
#include "srdfctl/wagon_stream.h"
#include "wire/wagon_frame.h"

namespace srdf::ctl {
namespace {

using nlohmann::ordered_json;

constexpr uint32_t kPageWagons = 500;
constexpr uint32_t kMergedWagonsMax = 1000;
constexpr std::chrono::seconds kProgressEvery{2};

std::string WagonName(const model::v1::WagonHeader& header) {
  return fmt::format("wagon {} ({})", header.sequence(), header.uid().substr(0, 12));
}

// What was found in the wagons of one flow, newest first until it is done.
class Explainer {
 public:
  Explainer(const config::Config& config, const ExplainOptions& options, RowName name)
      : config_(config), options_(options), client_(config), name_(std::move(name)) {
    found_.flow = options.flow;
    found_.key = options.key;
    found_.row = name_;
  }

  Result<Explanation> Run() {
    SRDF_RETURN_IF_ERROR(Search());
    SRDF_RETURN_IF_ERROR(FindOutcomes());
    FindMerged();
    std::reverse(found_.changes.begin(), found_.changes.end());
    EndProgress();
    return std::move(found_);
  }

 private:
  template <typename Request, typename Stub, typename Method>
  WagonSearch::List Lister(const std::string& service, Stub* stub, Method method) {
    return [this, service, stub, method](uint64_t before) -> Result<std::vector<model::v1::WagonInfo>> {
      Request request;
      request.set_flow(options_.flow);
      request.set_before_sequence(before);
      request.set_limit(kPageWagons);
      SRDF_ASSIGN_OR_RETURN(auto reply, client_.Call(service, stub, method, request));
      return std::vector<model::v1::WagonInfo>(reply.wagons().begin(), reply.wagons().end());
    };
  }
  WagonSearch NewSearch() {
    return {Lister<shipper::v1::ListWagonsRequest>("shipper", client_.shipper(),
                                                   &shipper::v1::ShipperService::Stub::ListWagons),
            Lister<receiver::v1::ListWagonsRequest>("receiver", client_.receiver(),
                                                    &receiver::v1::ReceiverService::Stub::ListWagons)};
  }

  Status Search() {
    WagonSearch search = NewSearch();
    while (true) {
      SRDF_ASSIGN_OR_RETURN(auto wagon, search.Next());
      if (!wagon || wagon->header().closed_at_ms() < options_.since_ms) break;
      if (found_.changes.size() >= options_.limit) {
        found_.limited = true;
        break;
      }
      if (found_.wagons++ == 0) found_.last_sequence = wagon->header().sequence();
      found_.first_sequence = wagon->header().sequence();
      ShowProgress();
      if (MayHoldTheRow(wagon->header())) SRDF_RETURN_IF_ERROR(Look(*wagon));
    }
    for (const Status* trouble : {&search.outbox_trouble(), &search.inbox_trouble()}) {
      if (!trouble->ok()) found_.not_asked.push_back(trouble->message());
    }
    return {};
  }

  // The manifest does not name what a statement touches, nor a row that a repair removed, nor what an XA
  // transaction has prepared: such wagons mostly have no tables at all.
  bool MayHoldTheRow(const model::v1::WagonHeader& header) const {
    return options_.thorough || ManifestOf(header, name_) != nullptr || header.statements() != 0 ||
           header.tables().empty();
  }

  // What the wagon says of the row, in order; nothing, with a note, when it cannot be read.
  Result<std::vector<RowChange>> Read(const KnownWagon& wagon) {
    const std::string name = WagonName(wagon.header());
    if (!wagon.payload_present()) {
      // What was merged is found in the wagon that has it now.
      if (!wagon.outbox || wagon.outbox->merged_into().empty())
        found_.unread.push_back(name + ": its rows are in neither queue any more");
      return std::vector<RowChange>();
    }
    auto changes = ReadFrame(wagon);
    if (changes.ok()) return changes;
    // The key was written for another table, unless it has fitted one before: then the table was altered.
    if (misfit_ && found_.rows_read == 0) return changes.status();
    found_.unread.push_back(name + ": " + changes.status().message());
    return std::vector<RowChange>();
  }

  Result<std::vector<RowChange>> ReadFrame(const KnownWagon& wagon) {
    const std::string& uid = wagon.header().uid();
    if (wagon.outbox && wagon.outbox->payload_present()) {
      OutboxWagonStream stream(&client_, uid);
      return ReadStream(&stream);
    }
    InboxWagonStream stream(&client_, uid);
    return ReadStream(&stream);
  }

  template <typename Stream>
  Result<std::vector<RowChange>> ReadStream(Stream* stream) {
    misfit_ = false;
    SRDF_ASSIGN_OR_RETURN(const auto first, stream->Open());
    if (!first.info().payload_present())
      return Status(StatusCode::kNotFound, "its rows were purged just now", "ask again");
    SRDF_ASSIGN_OR_RETURN(auto reader, wire::WagonReader::Open([&] { return stream->Next(); }));
    if (reader->header().encryption != EncryptionMode::kNone && keys_ == nullptr) {
      SRDF_ASSIGN_OR_RETURN(keys_, crypto::KeyRingSource::Open(KeyRingPlaceOf(config_)));
    }
    SRDF_RETURN_IF_ERROR(reader->Unlock(keys_.get()));
    RowHistory history(name_);
    while (true) {
      SRDF_ASSIGN_OR_RETURN(const std::string_view records, reader->Next());
      if (records.empty()) break;
      if (const Status added = history.Add(records); !added.ok()) {
        misfit_ =
            added.code() == StatusCode::kInvalidArgument || added.code() == StatusCode::kFailedPrecondition;
        return added;
      }
    }
    history.Finish();
    ++found_.wagons_read;
    found_.rows_read += history.rows();
    return history.changes();
  }

  // Reads the wagon and keeps what it says, the newest first.
  Status Look(const KnownWagon& wagon) {
    SRDF_ASSIGN_OR_RETURN(auto changes, Read(wagon));
    read_.insert(wagon.header().uid());
    for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
      if (IsOutcome(*change)) {
        outcomes_.try_emplace(change->xid, change->what + " in " + WagonName(wagon.header()));
        continue;
      }
      found_.changes.push_back({std::move(*change), wagon, {}, {}});
    }
    return {};
  }
  static bool IsOutcome(const RowChange& change) {
    return change.what == "xa_commit" || change.what == "xa_rollback";
  }

  // The outcome of what was prepared stands in a later wagon, whose manifest does not say so.
  Status FindOutcomes() {
    std::set<std::string> wanted;
    uint64_t oldest = UINT64_MAX;
    for (const ExplainedChange& change : found_.changes) {
      if (change.change.xid.empty() || outcomes_.contains(change.change.xid)) continue;
      wanted.insert(change.change.xid);
      oldest = std::min(oldest, change.wagon.header().sequence());
    }
    WagonSearch search = NewSearch();
    while (!wanted.empty()) {
      SRDF_ASSIGN_OR_RETURN(const auto wagon, search.Next());
      if (!wagon || wagon->header().sequence() < oldest) break;
      ShowProgress();
      if (read_.contains(wagon->header().uid())) continue;
      SRDF_ASSIGN_OR_RETURN(const auto changes, Read(*wagon));
      for (const RowChange& change : changes) {
        if (!IsOutcome(change) || wanted.erase(change.xid) == 0) continue;
        outcomes_[change.xid] = change.what + " in " + WagonName(wagon->header());
      }
    }
    for (ExplainedChange& change : found_.changes) {
      const auto outcome = outcomes_.find(change.change.xid);
      if (outcome != outcomes_.end()) change.outcome = outcome->second;
    }
    return {};
  }

  void FindMerged() {
    const bool any = std::any_of(found_.changes.begin(), found_.changes.end(), [](const auto& change) {
      return change.wagon.header().seal_reason() == model::v1::SEAL_REASON_MERGED;
    });
    if (!any) return;
    shipper::v1::ListWagonsRequest request;
    request.set_flow(options_.flow);
    request.set_merged(true);
    request.set_limit(kMergedWagonsMax);
    const auto merged =
        client_.Call("shipper", client_.shipper(), &shipper::v1::ShipperService::Stub::ListWagons, request);
    if (!merged.ok()) {
      found_.not_asked.push_back("which wagons were merged: " + merged.status().message());
      return;
    }
    for (ExplainedChange& change : found_.changes) {
      for (const model::v1::WagonInfo& wagon : merged->wagons()) {
        if (wagon.merged_into() == change.wagon.header().uid() &&
            ManifestOf(wagon.header(), name_) != nullptr)
          change.merged_from.insert(change.merged_from.begin(), wagon);
      }
    }
  }

  void ShowProgress() {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_at_ < kProgressEvery) return;
    shown_at_ = now;
    shown_ = true;
    fmt::print(stderr, "{}{}, {} read, {} found{}", terminal_ ? "\r" : "", Counted(found_.wagons, "wagon"),
               FormatCount(found_.wagons_read), Counted(found_.changes.size(), "change"),
               terminal_ ? "\x1b[K" : "\n");
    std::fflush(stderr);
  }
  void EndProgress() const {
    if (shown_ && terminal_) fmt::print(stderr, "\r\x1b[K");
  }

  const config::Config& config_;
  const ExplainOptions& options_;
  MeshClient client_;
  const RowName name_;
  std::unique_ptr<crypto::KeyRingSource> keys_;
  Explanation found_;
  std::map<std::string, std::string> outcomes_;  // xid → in words
  std::set<std::string> read_;                   // uids
  bool misfit_ = false;                          // what was read last: the key is none of the table's
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool shown_ = false;
  std::chrono::steady_clock::time_point shown_at_ = std::chrono::steady_clock::now();
};

}  // namespace

int Explain(const GlobalOptions& global, const ExplainOptions& options) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, options.flow)) return kExitBadConfiguration;
  auto name = RowName::Parse(options.key);
  if (!name.ok()) {
    Fail(name.status());
    return kExitBadConfiguration;
  }
  const auto found = Explainer(config, options, std::move(*name)).Run();
  if (!found.ok()) return Fail(found.status());
  if (global.json) {
    fmt::print("{}\n", ExplanationToJson(*found, options.values)
                           .dump(2, ' ', false, ordered_json::error_handler_t::replace));
  } else {
    fmt::print("{}", RenderExplanation(*found, options.values));
  }
  return found->changes.empty() ? kExitFailed : kExitOk;
}

}  // namespace srdf::ctl
