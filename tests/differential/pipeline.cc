#include "differential/pipeline.h"

#include <algorithm>

#include "batcher/merge_plan.h"
#include "batcher/wagon_merger.h"
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

  Frame TakeFrame() { return {header_, tip_.hash, std::move(pieces_)}; }
  void Rewrite(const ChainTip& tip) { tip_ = tip; }

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

const WagonHeader& Pipeline::wagon() const { return frame_.header; }

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
  applied_ = tip;
  outbox_ = std::make_unique<MemoryOutbox>(tip);
  sealer_options_.flow = kFlow;
  sealer_options_.compaction_enabled = options_.compaction;
  sealer_options_.spill_dir = "/tmp";
  sealer_ = std::make_unique<batcher::Sealer>(sealer_options_, outbox_.get());
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
  if (next_end_ == ends_.size()) return ApplyQueue();
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
    auto group = window_->TakeNow();
    if (!group.has_value()) return {StatusCode::kInternal, "the window has a closed group and gives none"};
    const Status status = Seal(std::move(*group));
    window_->Done();
    SRDF_RETURN_IF_ERROR(status);
  }
  return {};
}

Status Pipeline::Seal(batcher::Group group) {
  stage_ = "seal";
  if (queue_.empty()) rows_in_place_ = 0;
  for (const batcher::GroupChange& change : group.part.changes) {
    if (change.type() != RecordType::kRowRun) continue;
    SRDF_ASSIGN_OR_RETURN(const RowRunReader run, RowRunReader::Open(change.body()));
    if ((run.header().flags & kRunInPlace) != 0) rows_in_place_ += run.row_count();
  }
  if (hook_ != nullptr) hook_(&group);
  SRDF_RETURN_IF_ERROR(sealer_->Seal(std::move(group), {}).status());
  queue_.push_back(outbox_->TakeFrame());
  return Queue();
}

Status Pipeline::Queue() {
  const auto draw = [this] { return Mix(options_.lag_seed, 1'000'000 + ++draws_) % 100; };
  if (options_.merge_percent == 0 || draw() >= options_.merge_percent) return ApplyQueue();
  return draw() < 25 ? MergeQueue() : Status();
}

Status Pipeline::MergeQueue() {
  stage_ = "merge";
  std::vector<batcher::UnsentWagon> wagons;
  for (const Frame& frame : queue_) {
    const WagonHeader& h = frame.header;
    wagons.push_back({h.sequence, h.uid, frame.hash, false, h.statements, h.rows_after, h.payload_raw_bytes,
                      h.payload_raw_bytes, StandsAlone(h.seal_reason)});
  }
  const auto groups = batcher::PlanWholeMerge(wagons, {});
  if (groups.empty()) return {};
  std::vector<Frame> merged(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(groups.front().first));
  for (const batcher::MergeGroup& group : groups) {
    ChainTip place = applied_;
    if (!merged.empty()) {
      const WagonHeader& before = merged.back().header;
      place = {before.epoch, before.sequence, before.uid, merged.back().hash, before.last};
    }
    size_t next = group.first;
    const auto open = [&]() -> Result<wire::FramePieces> {
      return wire::FramePieces([pieces = &queue_[next++].pieces, at = size_t{0}]() mutable {
        return Result<std::string>(at < pieces->size() ? (*pieces)[at++] : std::string());
      });
    };
    Frame frame;
    const auto sink = [&frame](std::string_view piece) { return frame.pieces.emplace_back(piece), Status(); };
    auto header = group.count > 1
                      ? batcher::MergeWagons(sealer_options_, place, group.count, open, sink, &frame.hash)
                      : batcher::ReframeWagon(sealer_options_, place, open, sink, &frame.hash);
    SRDF_RETURN_IF_ERROR(header.status());
    frame.header = std::move(*header);
    merged.push_back(std::move(frame));
  }
  queue_ = std::move(merged);
  const WagonHeader& last = queue_.back().header;
  const ChainTip tip{last.epoch, last.sequence, last.uid, queue_.back().hash, last.last};
  outbox_->Rewrite(tip);
  sealer_->TailReplaced(tip);
  return {};
}

Status Pipeline::ApplyQueue() {
  if (options_.merge_percent != 0 && queue_.size() > 1) SRDF_RETURN_IF_ERROR(MergeQueue());
  for (Frame& frame : queue_) {
    frame_ = std::move(frame);
    SRDF_RETURN_IF_ERROR(ApplyFrame());
    applied_ = {frame_.header.epoch, frame_.header.sequence, frame_.header.uid, frame_.hash,
                frame_.header.last};
  }
  queue_.clear();
  return {};
}

Status Pipeline::ApplyFrame() {
  const WagonHeader& header = frame_.header;
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
  const Status compared = (*on_wagon_)(header);
  rows_in_place_ = 0;
  return compared;
}

Status Pipeline::Apply(TargetState* target) {
  Status status;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    SRDF_ASSIGN_OR_RETURN(const auto reader,
                          wire::WagonReader::Open([this, next = size_t{0}]() mutable -> Result<std::string> {
                            return next < frame_.pieces.size() ? frame_.pieces[next++] : std::string();
                          }));
    status = target->session->Apply(frame_.header, frame_.hash, reader.get()).status();
    if (status.code() != StatusCode::kAborted) break;
  }
  return status;
}

}  // namespace srdf::differential
