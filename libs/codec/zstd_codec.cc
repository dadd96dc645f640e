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

class ZstdCompressor : public Compressor {
 public:
  explicit ZstdCompressor(std::unique_ptr<ZSTD_CCtx, FreeCompressor> context)
      : context_(std::move(context)) {}

  Status Append(std::string_view in, std::string* out) override { return Run(in, ZSTD_e_continue, out); }
  Status Finish(std::string* out) override { return Run({}, ZSTD_e_end, out); }

 private:
  Status Run(std::string_view in, ZSTD_EndDirective mode, std::string* out) {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    for (;;) {
      ZSTD_outBuffer output{piece_.data(), piece_.size(), 0};
      const size_t left = ZSTD_compressStream2(context_.get(), &output, &input, mode);
      if (ZSTD_isError(left) != 0) {
        return {StatusCode::kInternal, std::string("zstd: ") + ZSTD_getErrorName(left)};
      }
      out->append(piece_.data(), output.pos);
      const bool done = mode == ZSTD_e_end ? left == 0 : input.pos == input.size;
      if (done) return Status::Ok();
    }
  }

  std::unique_ptr<ZSTD_CCtx, FreeCompressor> context_;
  std::string piece_ = std::string(ZSTD_CStreamOutSize(), '\0');
};

class ZstdDecompressor : public Decompressor {
 public:
  explicit ZstdDecompressor(std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context)
      : context_(std::move(context)) {}

  Status Step(std::string_view* in, size_t out_bytes_max, std::string* out) override {
    size_t room = out_bytes_max;
    while (!finished_ && room > 0) {
      ZSTD_inBuffer input{in->data(), in->size(), 0};
      ZSTD_outBuffer output{piece_.data(), std::min(piece_.size(), room), 0};
      const size_t left = ZSTD_decompressStream(context_.get(), &output, &input);
      if (ZSTD_isError(left) != 0) {
        return {StatusCode::kDataLoss, std::string("zstd: ") + ZSTD_getErrorName(left)};
      }
      in->remove_prefix(input.pos);
      out->append(piece_.data(), output.pos);
      room -= output.pos;
      finished_ = left == 0;
      if (input.pos == 0 && output.pos == 0) break;
    }
    return Status::Ok();
  }

  bool finished() const override { return finished_; }

 private:
  std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context_;
  std::string piece_ = std::string(ZSTD_DStreamOutSize(), '\0');
  bool finished_ = false;
};

}  // namespace

Result<std::unique_ptr<Compressor>> NewZstdCompressor(int level) {
  if (level < 1 || level > kLevelMax) {
    return Status(StatusCode::kInvalidArgument, "zstd level " + std::to_string(level) + " is not supported",
                  "choose a level from 1 to 19; higher ones need too much memory");
  }
  std::unique_ptr<ZSTD_CCtx, FreeCompressor> context(ZSTD_createCCtx());
  if (context == nullptr) return OutOfMemory();
  size_t rc = ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  if (ZSTD_isError(rc) == 0) rc = ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  if (ZSTD_isError(rc) != 0) {
    return Status(StatusCode::kInternal, std::string("zstd: ") + ZSTD_getErrorName(rc));
  }
  return std::unique_ptr<Compressor>(std::make_unique<ZstdCompressor>(std::move(context)));
}

Result<std::unique_ptr<Decompressor>> NewZstdDecompressor(int window_log_max) {
  std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context(ZSTD_createDCtx());
  if (context == nullptr) return OutOfMemory();
  const size_t rc = ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, window_log_max);
  if (ZSTD_isError(rc) != 0) {
    return Status(StatusCode::kInternal, std::string("zstd: ") + ZSTD_getErrorName(rc));
  }
  return std::unique_ptr<Decompressor>(std::make_unique<ZstdDecompressor>(std::move(context)));
}

}  // namespace srdf::codec
