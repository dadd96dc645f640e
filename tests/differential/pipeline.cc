#include "differential/pipeline.h"

#include <algorithm>

#include "differential/refusals.h"
#include "engine_mariadb/source_engine.h"
#include "engine_mariadb/target_engine.h"
#include "wire/wagon_frame.h"

namespace srdf::differential {

namespace {

constexpr char kFlow[] = "differential";
constexpr uint32_t kCaptureServerId = 900;
constexpr uint32_t kOriginServerId = 901;
constexpr unsigned kHeartbeatMs = 100;
constexpr int kAttemptsMax = 5;     // of a wagon that a lock got in the way of
constexpr unsigned kIdleMax = 100;  // heartbeats without reaching the position

batcher::WindowLimits ManualLimits() {
  batcher::WindowLimits limits;
  limits.adaptive = false;
  limits.age_max = std::chrono::hours(24);
  return limits;
}

}  // namespace

// The last frame stored; a chain that never ends up on disk.
class Pipeline::MemoryOutbox : public batcher::StoreSession {
 public:
  explicit MemoryOutbox(ChainTip tip) : tip_(std::move(tip)) {}

  const ChainTip& tip() const override { return tip_; }
  Status Send(std::string_view piece, bool last) override {
    if (whole_) pieces_.clear();
    pieces_.emplace_back(piece);
    whole_ = last;
    return {};
  }
  Result<ChainTip> WaitStored() override {
    const auto verifier = wire::NewFrameVerifier();
    for (const std::string& piece : pieces_) SRDF_RETURN_IF_ERROR(verifier->Append(piece));
    SRDF_RETURN_IF_ERROR(verifier->Finish(&header_, &tip_.hash));
    tip_.epoch = header_.epoch;
    tip_.sequence = header_.sequence;
    tip_.uid = header_.uid;
    tip_.position = header_.last;
    return tip_;
  }
  void Cancel() override {}

  const WagonHeader& header() const { return header_; }
  Result<std::unique_ptr<wire::WagonReader>> Read() const {
    return wire::WagonReader::Open([this, next = size_t{0}]() mutable -> Result<std::string> {
      return next < pieces_.size() ? pieces_[next++] : std::string();
    });
  }

 private:
  ChainTip tip_;
  WagonHeader header_;
  std::vector<std::string> pieces_;
  bool whole_ = false;
};

Pipeline::Pipeline(const ServerSet& servers, const Scenario& scenario, const RunOptions& options,
                   GroupHook hook)
    : scenario_(scenario), options_(options), hook_(std::move(hook)) {
  engine_mariadb::SourceOptions source;
  source.endpoint = servers.source().Endpoint();
  source.server_id = kCaptureServerId;
  source.before_image = options.before_image;
  source.heartbeat_ms = kHeartbeatMs;
  source_ = engine_mariadb::NewSourceEngine(source);
  reader_ = source_->NewReader();
  for (const ServerSet::Target& t : servers.targets()) {
    engine_mariadb::TargetOptions target;
    target.endpoint = t.server->Endpoint();
    target.flow = kFlow;
    target.origin_server_id = kOriginServerId;
    target.compare_before_images = options.before_image == "full";
    target.apply_method = engine_mariadb::ApplyMethodOf(t.apply_method);
    targets_.push_back({t.apply_method, engine_mariadb::NewTargetEngine(target), nullptr, {}});
  }
}

Pipeline::~Pipeline() = default;

// Reads up to a position and keeps nothing.
class Pipeline::DiscardingSink : public engine::ChangeSink {
 public:
  explicit DiscardingSink(std::string end) : end_(std::move(end)) {}
  Status Consume(std::string_view records, bool) override {
    RecordCursor cursor(records);
    Record record;
    for (;;) {
      SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
      if (!more) return {};
      if (record.type != RecordType::kTransactionEnd) continue;
      SRDF_ASSIGN_OR_RETURN(const TransactionEnd end, DecodeTransactionEnd(record.body));
      if (end.position.gtid == end_) return {StatusCode::kCancelled, "all is read"};
    }
  }
  void Idle(const engine::SourceLag&) override {}

 private:
  const std::string end_;
};

Status Pipeline::NoteSetup() {
  stage_ = "start";
  SRDF_ASSIGN_OR_RETURN(setup_, source_->CurrentPosition());
  return {};
}

const WagonHeader& Pipeline::wagon() const { return outbox_->header(); }

bool Pipeline::all_refused() const {
  return std::none_of(targets_.begin(), targets_.end(),
                      [](const TargetState& target) { return target.refused.ok(); });
}

Status Pipeline::Begin(const std::string& gtid_position) {
  stage_ = "start";
  SRDF_ASSIGN_OR_RETURN(const SourcePosition start, source_->CurrentPosition());
  if (start.gtid != gtid_position) {
    return {StatusCode::kInternal, "the source is at " + start.gtid + ", not at " + gtid_position};
  }
  if (options_.primed && setup_.gtid != gtid_position) {
    stage_ = "capture of the setup";
    DiscardingSink sink(gtid_position);
    const Status status = reader_->Run(setup_, &sink);
    if (status.code() != StatusCode::kCancelled) return status;
    stage_ = "start";
  }
  engine::Checkpoint checkpoint;
  checkpoint.flow = kFlow;
  checkpoint.wagon_hash = ZeroHash();
  checkpoint.position = start;
  for (TargetState& target : targets_) {
    SRDF_ASSIGN_OR_RETURN(target.session, target.engine->Connect());
    SRDF_RETURN_IF_ERROR(target.session->InitCheckpoint(checkpoint));
  }
  ChainTip tip;
  tip.hash = ZeroHash();
  tip.position = read_ = start;
  outbox_ = std::make_unique<MemoryOutbox>(tip);
  batcher::SealerOptions sealer;
  sealer.flow = kFlow;
  sealer.compaction_enabled = options_.compaction;
  sealer.spill_dir = "/tmp";
  sealer_ = std::make_unique<batcher::Sealer>(sealer, outbox_.get());
  return {};
}

Status Pipeline::RunTo(const std::vector<std::string>& positions, const OnWagon& on_wagon) {
  ends_ = positions;
  next_end_ = 0;
  idle_ = 0;
  on_wagon_ = &on_wagon;
  window_ = std::make_unique<batcher::Window>(ManualLimits());
  stage_ = "capture";
  const Status status = reader_->Run(read_, this);
  // Our own end of the run is kCancelled as well; a failure further down keeps its stage.
  if (status.code() != StatusCode::kCancelled) return status;
  if (next_end_ == ends_.size()) return {};
  return {StatusCode::kDeadlineExceeded,
          "capture stays at " + read_.gtid + " and does not reach " + ends_[next_end_]};
}

Status Pipeline::Consume(std::string_view records, bool) {
  RecordCursor cursor(records);
  Record record;
  size_t begun = 0;  // of what was not yet given to the window
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const bool more, cursor.Next(&record));
    if (!more) break;
    if (record.type != RecordType::kTransactionEnd) continue;
    SRDF_ASSIGN_OR_RETURN(const TransactionEnd end, DecodeTransactionEnd(record.body));
    const size_t passed = static_cast<size_t>(record.whole.data() + record.whole.size() - records.data());
    stage_ = "window";
    SRDF_RETURN_IF_ERROR(window_->Append(std::string(records.substr(begun, passed - begun)), {}));
    begun = passed;
    read_ = end.position;
    if (next_end_ < ends_.size() && end.position.gtid == ends_[next_end_]) {
      window_->CloseNow(SealReason::kManual);
      ++next_end_;
    }
    SRDF_RETURN_IF_ERROR(TakeGroups());
    stage_ = "capture";
    if (next_end_ == ends_.size()) return {StatusCode::kCancelled, "all is read"};
  }
  if (begun < records.size()) return window_->Append(std::string(records.substr(begun)), {});
  return {};
}

// Capture has nothing more for now: it must have reached the end by then, or soon.
void Pipeline::Idle(const engine::SourceLag&) {
  if (++idle_ >= kIdleMax) reader_->Interrupt();
}

Status Pipeline::TakeGroups() {
  while (window_->GetStatus().closed_groups != 0) {
    auto group = window_->Take({});
    if (!group.has_value()) return {StatusCode::kInternal, "the window has a closed group and gives none"};
    const Status status = SealAndApply(std::move(*group));
    window_->Done();
    SRDF_RETURN_IF_ERROR(status);
  }
  return {};
}

Status Pipeline::SealAndApply(batcher::Group group) {
  stage_ = "seal";
  rows_in_place_ = 0;
  for (const batcher::GroupChange& change : group.part.changes) {
    if (change.type != RecordType::kRowRun) continue;
    SRDF_ASSIGN_OR_RETURN(const RowRunReader run, RowRunReader::Open(change.body));
    if ((run.header().flags & kRunInPlace) != 0) rows_in_place_ += run.row_count();
  }
  if (hook_ != nullptr) hook_(&group);
  SRDF_RETURN_IF_ERROR(sealer_->Seal(std::move(group), {}).status());
  const WagonHeader& header = outbox_->header();
  for (TargetState& target : targets_) {
    if (!target.refused.ok()) continue;
    stage_ = "apply " + target.apply_method;
    const Status status = Apply(&target);
    const std::string rule = RefusalRule(stage_, status, scenario_);
    if (rule.empty()) {
      SRDF_RETURN_IF_ERROR(status);
    } else {
      target.refused = Status(status.code(), rule);
    }
  }
  if (all_refused()) return targets_.front().refused;
  stage_ = "compare";
  return (*on_wagon_)(header);
}

Status Pipeline::Apply(TargetState* target) {
  Status status;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    SRDF_ASSIGN_OR_RETURN(const auto reader, outbox_->Read());
    status = target->session->Apply(outbox_->header(), outbox_->tip().hash, reader.get()).status();
    if (status.code() != StatusCode::kAborted) break;
  }
  return status;
}

}  // namespace srdf::differential
