#include "codec/codec.h"

#include <algorithm>

#include "codec/codec_impl.h"

namespace srdf::codec {

namespace {

class NoCompressor : public Compressor {
 public:
  Status Append(std::string_view in, std::string* out) override {
    out->append(in);
    return Status::Ok();
  }
  Status Finish(std::string* /*out*/) override { return Status::Ok(); }
};

class NoDecompressor : public Decompressor {
 public:
  Status Step(std::string_view* in, size_t out_bytes_max, std::string* out) override {
    const size_t n = std::min(in->size(), out_bytes_max);
    out->append(in->substr(0, n));
    in->remove_prefix(n);
    return Status::Ok();
  }
  bool finished() const override { return true; }
};

Status UnknownCodec(Codec codec) {
  return {StatusCode::kUnimplemented, "codec " + std::to_string(static_cast<int>(codec)) + " is not known",
          "upgrade this service to the version that wrote the data"};
}

}  // namespace

Result<std::unique_ptr<Compressor>> NewCompressor(Codec codec, int level) {
  switch (codec) {
    case Codec::kNone:
      return std::unique_ptr<Compressor>(std::make_unique<NoCompressor>());
    case Codec::kZstd:
      return NewZstdCompressor(level);
    case Codec::kGzip:
      return NewGzipCompressor(level);
  }
  return UnknownCodec(codec);
}

Result<std::unique_ptr<Decompressor>> NewDecompressor(Codec codec) {
  switch (codec) {
    case Codec::kNone:
      return std::unique_ptr<Decompressor>(std::make_unique<NoDecompressor>());
    case Codec::kZstd:
      return NewZstdDecompressor(kZstdWindowLogMax);
    case Codec::kGzip:
      return NewGzipDecompressor();
  }
  return UnknownCodec(codec);
}

Result<std::unique_ptr<Decompressor>> NewForeignZstdDecompressor() {
  constexpr int kForeignWindowLogMax = 27;
  return NewZstdDecompressor(kForeignWindowLogMax);
}

}  // namespace srdf::codec
