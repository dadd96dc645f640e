#include <algorithm>

#include "wire/frame_format.h"
#include "wire/sha256.h"
#include "wire/wagon_frame.h"

namespace srdf::wire {

namespace {

Status Broken(const std::string& what) { return {StatusCode::kDataLoss, "wagon frame: " + what}; }

class FrameVerifierImpl : public FrameVerifier {
 public:
  Status Append(std::string_view bytes) override {
    if (failed_.ok()) failed_ = Take(bytes);
    return failed_;
  }

  Status Finish(WagonHeader* header, std::string* hash) override {
    SRDF_RETURN_IF_ERROR(failed_);
    if (!front_done_ || payload_left_ > 0 || stored_hash_.size() < kSha256Bytes) {
      fault_ = FrameFault::kTorn;
      failed_ = Broken("torn: it ends too early");
      return failed_;
    }
    failed_ = Status(StatusCode::kFailedPrecondition, "wagon frame: already finished");
    const std::string computed = sha_.Finish();
    if (computed != stored_hash_) {
      fault_ = FrameFault::kHash;
      failed_ = Broken("its SHA-256 is not that of its bytes");
      return failed_;
    }
    *header = std::move(header_);
    *hash = computed;
    return Status::Ok();
  }

  FrameFault fault() const override { return fault_; }
  uint64_t frame_bytes() const override { return frame_bytes_; }

 private:
  Status Take(std::string_view bytes) {
    if (!front_done_) {
      if (Status s = TakeFront(&bytes); !s.ok()) {
        fault_ = FrameFault::kNotAFrame;
        return s;
      }
    }
    const std::string_view payload =
        bytes.substr(0, static_cast<size_t>(std::min<uint64_t>(payload_left_, bytes.size())));
    sha_.Append(payload);
    payload_left_ -= payload.size();
    bytes.remove_prefix(payload.size());
    if (!front_done_ || payload_left_ > 0) return Status::Ok();
    const size_t n = std::min(bytes.size(), kSha256Bytes - stored_hash_.size());
    stored_hash_.append(bytes.substr(0, n));
    if (n == bytes.size()) return Status::Ok();
    fault_ = FrameFault::kTorn;
    return Broken("too long: bytes after its SHA-256");
  }

  // Gathers prefix and header, then decodes them.
  Status TakeFront(std::string_view* bytes) {
    for (;;) {
      const size_t n = std::min(bytes->size(), front_bytes_ - front_.size());
      front_.append(bytes->substr(0, n));
      bytes->remove_prefix(n);
      if (front_.size() < front_bytes_) return Status::Ok();
      if (front_bytes_ > kFramePrefixBytes) break;
      SRDF_ASSIGN_OR_RETURN(front_bytes_, FrameFrontBytes(front_));
      if (front_bytes_ == kFramePrefixBytes) break;  // an empty header, refused below
    }
    SRDF_ASSIGN_OR_RETURN(header_, DecodeFrameFront(front_));
    sha_.Append(front_);
    front_ = {};
    front_done_ = true;
    payload_left_ = header_.payload_compressed_bytes;
    const uint64_t rest = front_bytes_ + kSha256Bytes;
    frame_bytes_ = payload_left_ > UINT64_MAX - rest ? UINT64_MAX : payload_left_ + rest;
    return Status::Ok();
  }

  Status failed_;
  FrameFault fault_ = FrameFault::kNone;
  Sha256 sha_;
  std::string front_;
  size_t front_bytes_ = kFramePrefixBytes;
  bool front_done_ = false;
  WagonHeader header_;
  uint64_t payload_left_ = 0;
  uint64_t frame_bytes_ = 0;
  std::string stored_hash_;
};

}  // namespace

std::unique_ptr<FrameVerifier> NewFrameVerifier() { return std::make_unique<FrameVerifierImpl>(); }

}  // namespace srdf::wire
