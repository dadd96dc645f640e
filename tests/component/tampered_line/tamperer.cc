#include "component/tampered_line/tamperer.h"

#include <thread>

#include "codec/crc32.h"

namespace srdf::test {

namespace {

constexpr int kRandomFaultsPerWagon = 2;

}  // namespace

const char* FaultName(Fault fault) {
  static constexpr const char* kNames[kFaults] = {
      "flip",       "flip_knowingly", "drop",      "repeat",        "swap",   "truncate",   "rubbish",
      "count_lies", "uid_lies",       "hash_lies", "sequence_lies", "replay", "drop_wagon", "cut"};
  return kNames[static_cast<int>(fault)];
}

void Tamperer::Arm(Fault fault) {
  std::lock_guard lock(mu_);
  armed_ = fault;
}

void Tamperer::SetRandom(unsigned one_in) {
  std::lock_guard lock(mu_);
  one_in_ = one_in;
}

std::map<Fault, uint64_t> Tamperer::done() const {
  std::lock_guard lock(mu_);
  return done_;
}

grpc::Status Tamperer::Deliver(grpc::ServerContext* context,
                               grpc::ServerReaderWriter<receiver::v1::DeliverResponse, Request>* down) {
  grpc::ClientContext up_context;
  const auto up = stub_->Deliver(&up_context);
  std::thread back([&] {
    for (receiver::v1::DeliverResponse response; up->Read(&response);) down->Write(response);
    context->TryCancel();
  });
  Held held;
  for (Request request; down->Read(&request);) {
    const auto instead = Tamper(request, &held);
    if (!instead.has_value()) break;
    bool open = true;
    for (const Request& each : *instead) open = open && up->Write(each);
    if (!open) break;
  }
  up_context.TryCancel();
  back.join();
  return up->Finish();
}

std::optional<Fault> Tamperer::Choose(const receiver::v1::DeliverRequest::Chunk& chunk, const Held& held) {
  const auto fits = [&](Fault fault) {
    if (fault == Fault::kSwap) return chunk.chunk_no() + 1 < chunk.chunk_count();
    if (fault == Fault::kReplay) return held.first.has_value();
    if (fault == Fault::kDropWagon) return chunk.chunk_no() == 0;
    // In the middle of a wagon, so that these are seen as what they are.
    if (fault == Fault::kCountLies || fault == Fault::kUidLies || fault == Fault::kHashLies)
      return chunk.chunk_no() > 0;
    return true;
  };
  if (armed_.has_value() && fits(*armed_)) return std::exchange(armed_, std::nullopt);
  if (one_in_ == 0 || Below(one_in_) != 0) return std::nullopt;
  const auto fault = static_cast<Fault>(Below(kFaults));
  if (!fits(fault) || by_sequence_[chunk.sequence()] >= kRandomFaultsPerWagon) return std::nullopt;
  ++by_sequence_[chunk.sequence()];
  return fault;
}

std::optional<std::vector<Tamperer::Request>> Tamperer::Tamper(const Request& request, Held* held) {
  std::lock_guard lock(mu_);
  if (!request.has_chunk()) return std::vector{request};
  const auto& chunk = request.chunk();
  if (held->dropped_sequence == chunk.sequence()) return std::vector<Request>();
  const std::optional<Fault> fault = Choose(chunk, *held);
  if (fault.has_value()) ++done_[*fault];
  std::vector<Request> out = {request};
  if (held->swapped.has_value()) out.push_back(*std::exchange(held->swapped, std::nullopt));
  if (fault == Fault::kCut) return std::nullopt;
  if (fault == Fault::kSwap) {
    held->swapped = out.front();
    out.erase(out.begin());
  } else if (fault == Fault::kDrop) {
    out.erase(out.begin());
  } else if (fault == Fault::kDropWagon) {
    held->dropped_sequence = chunk.sequence();
    out.clear();
  } else if (fault == Fault::kRepeat) {
    out.push_back(request);
  } else if (fault == Fault::kReplay) {
    out.insert(out.begin(), *held->first);
  } else if (fault == Fault::kRubbish) {
    Request rubbish;
    rubbish.mutable_chunk()->set_sequence(random_());
    rubbish.mutable_chunk()->set_data("rubbish");
    out.insert(out.begin(), rubbish);
  } else if (fault.has_value()) {
    Damage(*fault, &out.front());
  }
  if (chunk.chunk_no() == 0) held->first = request;
  return out;
}

void Tamperer::Damage(Fault fault, Request* request) {
  auto* chunk = request->mutable_chunk();
  std::string& data = *chunk->mutable_data();
  switch (fault) {
    case Fault::kFlip:
    case Fault::kFlipKnowingly: {
      char& byte = data[Below(data.size())];
      byte = static_cast<char>(byte ^ (1 << Below(8)));
      break;
    }
    case Fault::kTruncate:
      data.resize(data.size() / 2);
      break;
    case Fault::kCountLies:
      chunk->set_chunk_count(chunk->chunk_count() + 1);
      break;
    case Fault::kUidLies:
      chunk->set_wagon_uid(std::string(32, '7'));
      break;
    case Fault::kHashLies:
      chunk->set_wagon_hash(std::string(32, 'h'));
      break;
    case Fault::kSequenceLies:
      chunk->set_sequence(chunk->sequence() + 1 + Below(1000));
      break;
    default:
      break;
  }
  if (fault == Fault::kFlipKnowingly || fault == Fault::kTruncate) chunk->set_data_crc32(codec::Crc32(data));
}

}  // namespace srdf::test
