#include <zlib.h>

#include <algorithm>
#include <limits>

#include "codec/codec_impl.h"

namespace srdf::codec {

namespace {

constexpr int kGzipWindowBits = 15 + 16;  // 32 KiB window, gzip header and CRC
constexpr int kMemoryLevel = 8;
constexpr size_t kPieceBytes = 128u << 10;

std::string ErrorText(const z_stream& stream, int rc) {
  return std::string("gzip: ") + (stream.msg != nullptr ? stream.msg : zError(rc));
}

// zlib counts in unsigned int and wants mutable input, which it does not change.
size_t SetInput(z_stream* stream, std::string_view in) {
  const size_t n = std::min<size_t>(in.size(), std::numeric_limits<uInt>::max());
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream->avail_in = static_cast<uInt>(n);
  return n;
}

class GzipCompressor : public Compressor {
 public:
  GzipCompressor() = default;
  GzipCompressor(const GzipCompressor&) = delete;
  GzipCompressor& operator=(const GzipCompressor&) = delete;
  ~GzipCompressor() override { deflateEnd(&stream_); }

  Status Init(int level) {
    const int rc =
        deflateInit2(&stream_, level, Z_DEFLATED, kGzipWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY);
    if (rc != Z_OK) return {StatusCode::kResourceExhausted, ErrorText(stream_, rc)};
    return Status::Ok();
  }

  Status Append(std::string_view in, std::string* out) override {
    while (!in.empty()) {
      const size_t given = SetInput(&stream_, in);
      while (stream_.avail_in > 0) SRDF_RETURN_IF_ERROR(Run(Z_NO_FLUSH, out));
      in.remove_prefix(given);
    }
    return Status::Ok();
  }

  Status Finish(std::string* out) override {
    SetInput(&stream_, {});
    while (!ended_) SRDF_RETURN_IF_ERROR(Run(Z_FINISH, out));
    return Status::Ok();
  }

 private:
  Status Run(int mode, std::string* out) {
    stream_.next_out = reinterpret_cast<Bytef*>(piece_.data());
    stream_.avail_out = static_cast<uInt>(piece_.size());
    const int rc = deflate(&stream_, mode);
    if (rc != Z_OK && rc != Z_STREAM_END) return {StatusCode::kInternal, ErrorText(stream_, rc)};
    out->append(piece_.data(), piece_.size() - stream_.avail_out);
    ended_ = rc == Z_STREAM_END;
    return Status::Ok();
  }

  z_stream stream_{};
  std::string piece_ = std::string(kPieceBytes, '\0');
  bool ended_ = false;
};

class GzipDecompressor : public Decompressor {
 public:
  GzipDecompressor() = default;
  GzipDecompressor(const GzipDecompressor&) = delete;
  GzipDecompressor& operator=(const GzipDecompressor&) = delete;
  ~GzipDecompressor() override { inflateEnd(&stream_); }

  Status Init() {
    const int rc = inflateInit2(&stream_, kGzipWindowBits);
    if (rc != Z_OK) return {StatusCode::kResourceExhausted, ErrorText(stream_, rc)};
    return Status::Ok();
  }

  Status Step(std::string_view* in, size_t out_bytes_max, std::string* out) override {
    size_t room = out_bytes_max;
    while (!finished_ && room > 0) {
      const size_t given = SetInput(&stream_, *in);
      const size_t asked = std::min(piece_.size(), room);
      stream_.next_out = reinterpret_cast<Bytef*>(piece_.data());
      stream_.avail_out = static_cast<uInt>(asked);
      const int rc = inflate(&stream_, Z_NO_FLUSH);
      // Z_BUF_ERROR only says that nothing could be done with what there is.
      if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) {
        return {StatusCode::kDataLoss, ErrorText(stream_, rc)};
      }
      const size_t taken = given - stream_.avail_in;
      const size_t made = asked - stream_.avail_out;
      in->remove_prefix(taken);
      out->append(piece_.data(), made);
      room -= made;
      finished_ = rc == Z_STREAM_END;
      if (taken == 0 && made == 0) break;
    }
    return Status::Ok();
  }

  bool finished() const override { return finished_; }

 private:
  z_stream stream_{};
  std::string piece_ = std::string(kPieceBytes, '\0');
  bool finished_ = false;
};

}  // namespace

Result<std::unique_ptr<Compressor>> NewGzipCompressor(int level) {
  if (level < 1 || level > 9) {
    return Status(StatusCode::kInvalidArgument, "gzip has no level " + std::to_string(level),
                  "choose a level from 1 to 9");
  }
  auto compressor = std::make_unique<GzipCompressor>();
  SRDF_RETURN_IF_ERROR(compressor->Init(level));
  return std::unique_ptr<Compressor>(std::move(compressor));
}

Result<std::unique_ptr<Decompressor>> NewGzipDecompressor() {
  auto decompressor = std::make_unique<GzipDecompressor>();
  SRDF_RETURN_IF_ERROR(decompressor->Init());
  return std::unique_ptr<Decompressor>(std::move(decompressor));
}

}  // namespace srdf::codec
