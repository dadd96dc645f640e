// How much memory a large wagon takes: built, verified and read without ever being whole in memory, and a
// decompression bomb that is not let off. Run alone: the peak is the process's.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>

#include "codec/codec.h"
#include "unit/wire/frame_fixture.h"
#include "wire/frame_format.h"
#include "wire/sha256.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsMeasurable = false;  // freed memory is kept by the sanitizer
#else
constexpr bool kMemoryIsMeasurable = true;
#endif

namespace srdf::wire {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture

size_t PeakBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<size_t>(usage.ru_maxrss) * 1024;
}

void ExpectPeakGrewLessThan(size_t bytes, size_t before) {
  if (kMemoryIsMeasurable) {
    EXPECT_LT(PeakBytes() - before, bytes);
  }
  ::testing::Test::RecordProperty("peak_growth_kib", static_cast<int>((PeakBytes() - before) >> 10));
}

// A frame kept in an unlinked file, as inbox and outbox keep it on disk.
class FrameFile {
 public:
  FrameFile() {
    std::string path = ::testing::TempDir() + "/frame-XXXXXX";
    fd_ = mkstemp(path.data());
    unlink(path.c_str());
  }
  FrameFile(const FrameFile&) = delete;
  FrameFile& operator=(const FrameFile&) = delete;
  ~FrameFile() { close(fd_); }
  Status Append(std::string_view bytes) {
    return write(fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())
               ? Status::Ok()
               : Status(StatusCode::kInternal, "write");
  }
  FramePieces Pieces() {
    return [this, at = off_t{0}]() mutable -> Result<std::string> {
      std::string piece(1u << 20, '\0');
      piece.resize(static_cast<size_t>(std::max<ssize_t>(0, pread(fd_, piece.data(), piece.size(), at))));
      at += static_cast<off_t>(piece.size());
      return piece;
    };
  }

 private:
  int fd_ = -1;
};

void BuildVerifyRead(Codec codec) {
  constexpr uint64_t kPayloadBytes = 300u << 20;
  const std::string records = SchemaRecord(1) + RunRecord(1, 200'000, 7) + RunRecord(1, 50'000, 8);
  const size_t before = PeakBytes();
  FrameFile file;
  {
    WagonBuilderOptions options;
    options.codec = codec;
    options.level = 1;
    options.memory_bytes_max = 4u << 20;
    options.spill_dir = ::testing::TempDir();
    auto builder = NewWagonBuilder(options);
    ASSERT_TRUE(builder.ok());
    for (uint64_t bytes = 0; bytes < kPayloadBytes; bytes += records.size()) {
      ASSERT_TRUE((*builder)->Append(records).ok());
    }
    WagonHeader header = SomeHeader();
    std::string hash;
    const auto sink = [&](std::string_view piece) { return file.Append(piece); };
    ASSERT_TRUE((*builder)->Finish(&header, 1u << 20, sink, &hash).ok());
  }
  auto verifier = NewFrameVerifier();
  for (auto pieces = file.Pieces();;) {
    const auto piece = pieces();
    if (piece->empty()) break;
    ASSERT_TRUE(verifier->Append(*piece).ok());
  }
  WagonHeader header;
  std::string hash;
  ASSERT_TRUE(verifier->Finish(&header, &hash).ok());

  auto reader = WagonReader::Open(file.Pieces());
  ASSERT_TRUE(reader.ok());
  uint64_t read_bytes = 0;
  for (;;) {
    const auto some = (*reader)->Next();
    ASSERT_TRUE(some.ok()) << some.status().ToString();
    if (some->empty()) break;
    read_bytes += some->size();
  }
  EXPECT_GE(read_bytes, kPayloadBytes);
  EXPECT_EQ(read_bytes, header.payload_raw_bytes);
  ExpectPeakGrewLessThan(32u << 20, before);
}

TEST(WagonMemory, AWagonOf300MiBPassesInAFewMiB) { BuildVerifyRead(Codec::kZstd); }
TEST(WagonMemory, AWagonOf300MiBWithoutACodecPassesInAFewMiB) { BuildVerifyRead(Codec::kNone); }

TEST(WagonMemory, ADecompressionBombIsRefusedAtItsDeclaredSize) {
  auto compressor = codec::NewCompressor(Codec::kZstd, 3);
  std::string bomb;
  const std::string record = RunRecord(1, 60'000, 0);
  for (int i = 0; i < 30'000; ++i) ASSERT_TRUE((*compressor)->Append(record, &bomb).ok());  // 1.8 GB
  ASSERT_TRUE((*compressor)->Finish(&bomb).ok());
  WagonHeader header = SomeHeader();
  header.payload_raw_bytes = 3 * record.size();
  const size_t before = PeakBytes();
  const auto read = ReadAll(PiecesOf(ForgeFrame(header, bomb).bytes));
  EXPECT_EQ(read.status().code(), StatusCode::kDataLoss);
  ExpectPeakGrewLessThan(16u << 20, before);
}

// The longest record allowed, announced by a payload that has only a few bytes of it.
TEST(WagonMemory, ARecordLengthThatLiesCostsOnlyWhatComes) {
  std::string raw("\x03", 1);
  ByteWriter(&raw).U32(kRecordBodyBytesMax);
  raw += std::string(100, 'x');
  WagonHeader header = SomeHeader();
  header.payload_raw_bytes = uint64_t{1} << 40;
  const size_t before = PeakBytes();
  EXPECT_EQ(ReadAll(PiecesOf(ForgeFrame(header, Packed(Codec::kZstd, raw)).bytes)).status().code(),
            StatusCode::kDataLoss);
  ExpectPeakGrewLessThan(16u << 20, before);
}

}  // namespace
}  // namespace srdf::wire
