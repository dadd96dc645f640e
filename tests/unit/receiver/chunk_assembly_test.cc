#include "receiver/chunk_assembly.h"

#include <gtest/gtest.h>

namespace srdf::receiver {
namespace {

using ProtoChunk = v1::DeliverRequest::Chunk;

ProtoChunk Piece(uint32_t chunk_no, const std::string& data, bool continues) {
  ProtoChunk piece;
  piece.set_sequence(7);
  piece.set_wagon_uid("uid");
  piece.set_wagon_hash("hash");
  piece.set_chunk_no(chunk_no);
  piece.set_chunk_count(3);
  piece.set_data(data);
  piece.set_continues(continues);
  return piece;
}

TEST(ChunkAssembly, AChunkInOneMessagePassesAsItIs) {
  ChunkAssembly assembly;
  ProtoChunk whole = Piece(0, "abc", false);
  EXPECT_EQ(assembly.Add(&whole).value(), &whole);
}

TEST(ChunkAssembly, PiecesBecomeTheirChunkAndTheNextOneBeginsAnew) {
  ChunkAssembly assembly;
  for (uint32_t chunk_no = 0; chunk_no < 3; ++chunk_no) {
    for (const char* text : {"ab", "cd"}) {
      ProtoChunk piece = Piece(chunk_no, text, true);
      EXPECT_EQ(assembly.Add(&piece).value(), nullptr);
    }
    ProtoChunk last = Piece(chunk_no, "e", false);
    const auto whole = assembly.Add(&last);
    ASSERT_TRUE(whole.ok());
    ASSERT_NE(*whole, nullptr);
    EXPECT_EQ((*whole)->data(), "abcde");
    EXPECT_EQ((*whole)->chunk_no(), chunk_no);
    EXPECT_EQ((*whole)->sequence(), 7u);
  }
}

TEST(ChunkAssembly, APieceOfAnotherChunkEndsTheStream) {
  const auto refused = [](ProtoChunk second) {
    ChunkAssembly assembly;
    ProtoChunk first = Piece(0, "ab", true);
    EXPECT_TRUE(assembly.Add(&first).ok());
    return assembly.Add(&second).status().code() == StatusCode::kInvalidArgument;
  };
  EXPECT_FALSE(refused(Piece(0, "cd", false)));
  EXPECT_TRUE(refused(Piece(1, "cd", false)));
  ProtoChunk other = Piece(0, "cd", false);
  other.set_sequence(8);
  EXPECT_TRUE(refused(other));
  other = Piece(0, "cd", false);
  other.set_wagon_hash("another");
  EXPECT_TRUE(refused(other));
}

TEST(ChunkAssembly, PiecesNeverBecomeMoreThanAChunk) {
  ChunkAssembly assembly;
  const std::string half(512 << 10, 'x');
  ProtoChunk first = Piece(0, half, true), second = Piece(0, half, true), third = Piece(0, "x", false);
  EXPECT_TRUE(assembly.Add(&first).ok());
  EXPECT_TRUE(assembly.Add(&second).ok());
  EXPECT_EQ(assembly.Add(&third).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace srdf::receiver
