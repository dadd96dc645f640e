#include <zstd.h>

#include <algorithm>

#include "codec/codec_impl.h"

namespace srdf::codec {

namespace {

constexpr int kLevelMax = 19;  // the last one whose window fits kZstdWindowLogMax

struct FreeCompressor {
  void operator()(ZSTD_CCtx* c) const { ZSTD_freeCCtx(c); }
};
struct FreeDecompressor {
  void operator()(ZSTD_DCtx* d) const { ZSTD_freeDCtx(d); }
};

Status OutOfMemory() { return {StatusCode::kResourceExhausted, "zstd: no memory for a stream"}; }

// A context of a thread, for inputs of at most kHeldBytesMax: to make one costs more than to compress a small
// wagon with it, and what it keeps for them is some hundred KiB.
ZSTD_CCtx* SmallContext() {
  static thread_local const std::unique_ptr<ZSTD_CCtx, FreeCompressor> context(ZSTD_createCCtx());
  return context.get();
}

Status Failed(size_t rc) { return {StatusCode::kInternal, std::string("zstd: ") + ZSTD_getErrorName(rc)}; }

Status Prepare(ZSTD_CCtx* context, int level) {
  if (context == nullptr) return OutOfMemory();
  size_t rc = ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
  if (ZSTD_isError(rc) == 0) rc = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  if (ZSTD_isError(rc) == 0) rc = ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  return ZSTD_isError(rc) == 0 ? Status() : Failed(rc);
}

// A small input is held until all of it is there: its size is then in the frame, and tables and window of
// both sides are as small as it is. A larger one is streamed.
class ZstdCompressor : public Compressor {
 public:
  explicit ZstdCompressor(int level) : level_(level) {}

  Status Append(std::string_view in, std::string* out) override {
    if (context_ == nullptr && held_.size() + in.size() <= kHeldBytesMax) {
      held_.append(in);
      return Status::Ok();
    }
    SRDF_RETURN_IF_ERROR(BeginStream(out));
    return Run(in, ZSTD_e_continue, out);
  }

  Status Finish(std::string* out) override {
    return context_ == nullptr ? FinishHeld(out) : Run({}, ZSTD_e_end, out);
  }

 private:
  static constexpr size_t kHeldBytesMax = 64u << 10;

  Status BeginStream(std::string* out) {
    if (context_ != nullptr) return Status::Ok();
    piece_.reset(new char[ZSTD_CStreamOutSize()]);
    context_.reset(ZSTD_createCCtx());
    SRDF_RETURN_IF_ERROR(Prepare(context_.get(), level_));
    SRDF_RETURN_IF_ERROR(Run(held_, ZSTD_e_continue, out));
    held_ = std::string();
    return Status::Ok();
  }

  Status FinishHeld(std::string* out) {
    ZSTD_CCtx* const context = SmallContext();
    SRDF_RETURN_IF_ERROR(Prepare(context, level_));
    const size_t before = out->size();
    out->resize(before + ZSTD_compressBound(held_.size()));
    const size_t rc =
        ZSTD_compress2(context, out->data() + before, out->size() - before, held_.data(), held_.size());
    out->resize(ZSTD_isError(rc) == 0 ? before + rc : before);
    return ZSTD_isError(rc) == 0 ? Status() : Failed(rc);
  }

  Status Run(std::string_view in, ZSTD_EndDirective mode, std::string* out) {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    for (;;) {
      ZSTD_outBuffer output{piece_.get(), ZSTD_CStreamOutSize(), 0};
      const size_t left = ZSTD_compressStream2(context_.get(), &output, &input, mode);
      if (ZSTD_isError(left) != 0) return Failed(left);
      out->append(piece_.get(), output.pos);
      const bool done = mode == ZSTD_e_end ? left == 0 : input.pos == input.size;
      if (done) return Status::Ok();
    }
  }

  const int level_;
  std::string held_;
  std::unique_ptr<ZSTD_CCtx, FreeCompressor> context_;  // once it streams
  std::unique_ptr<char[]> piece_;
};

// What a decompressor works with: to make it costs more than to read a small wagon with it. A thread keeps
// one that is not in use, as long as what it holds is small.
struct DecompressorParts {
  std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context;
  size_t piece_bytes = 0;
  // Not initialised: pages that a small wagon does not need are never touched.
  std::unique_ptr<char[]> piece;
};
constexpr size_t kSpareBytesMax = 1u << 20;

std::unique_ptr<DecompressorParts>& SpareParts() {
  static thread_local std::unique_ptr<DecompressorParts> spare;
  return spare;
}

// Null when there is no memory.
std::unique_ptr<DecompressorParts> TakeParts() {
  if (SpareParts() != nullptr) return std::move(SpareParts());
  auto parts = std::make_unique<DecompressorParts>();
  parts->context.reset(ZSTD_createDCtx());
  if (parts->context == nullptr) return nullptr;
  parts->piece_bytes = ZSTD_DStreamOutSize();
  parts->piece.reset(new char[parts->piece_bytes]);
  return parts;
}

void GiveBack(std::unique_ptr<DecompressorParts> parts) {
  if (SpareParts() != nullptr || ZSTD_sizeof_DCtx(parts->context.get()) > kSpareBytesMax) return;
  if (ZSTD_isError(ZSTD_DCtx_reset(parts->context.get(), ZSTD_reset_session_and_parameters)) != 0) return;
  SpareParts() = std::move(parts);
}

class ZstdDecompressor : public Decompressor {
 public:
  explicit ZstdDecompressor(std::unique_ptr<DecompressorParts> parts) : parts_(std::move(parts)) {}
  ~ZstdDecompressor() override { GiveBack(std::move(parts_)); }

  Status Step(std::string_view* in, size_t out_bytes_max, std::string* out) override {
    char* const piece = parts_->piece.get();
    size_t room = out_bytes_max;
    while (!finished_ && room > 0) {
      ZSTD_inBuffer input{in->data(), in->size(), 0};
      ZSTD_outBuffer output{piece, std::min(parts_->piece_bytes, room), 0};
      const size_t left = ZSTD_decompressStream(parts_->context.get(), &output, &input);
      if (ZSTD_isError(left) != 0) {
        return {StatusCode::kDataLoss, std::string("zstd: ") + ZSTD_getErrorName(left)};
      }
      in->remove_prefix(input.pos);
      out->append(piece, output.pos);
      room -= output.pos;
      finished_ = left == 0;
      if (input.pos == 0 && output.pos == 0) break;
    }
    return Status::Ok();
  }

  bool finished() const override { return finished_; }

 private:
  std::unique_ptr<DecompressorParts> parts_;
  bool finished_ = false;
};

}  // namespace

Result<std::unique_ptr<Compressor>> NewZstdCompressor(int level) {
  if (level < 1 || level > kLevelMax) {
    return Status(StatusCode::kInvalidArgument, "zstd level " + std::to_string(level) + " is not supported",
                  "choose a level from 1 to 19; higher ones need too much memory");
  }
  return std::unique_ptr<Compressor>(std::make_unique<ZstdCompressor>(level));
}

Result<std::unique_ptr<Decompressor>> NewZstdDecompressor(int window_log_max) {
  std::unique_ptr<DecompressorParts> parts = TakeParts();
  if (parts == nullptr) return OutOfMemory();
  const size_t rc = ZSTD_DCtx_setParameter(parts->context.get(), ZSTD_d_windowLogMax, window_log_max);
  if (ZSTD_isError(rc) != 0) {
    return Status(StatusCode::kInternal, std::string("zstd: ") + ZSTD_getErrorName(rc));
  }
  return std::unique_ptr<Decompressor>(std::make_unique<ZstdDecompressor>(std::move(parts)));
}

}  // namespace srdf::codec
