#include "wire/payload_store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace srdf::wire {

namespace {

constexpr size_t kWriteBytes = 1u << 20;  // once the file is there, memory is for batching writes only

Status FileError(const std::string& what, const std::string& dir, int error) {
  const std::string message = what + " in " + dir + ": " + strerror(error);
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return {StatusCode::kResourceExhausted, message, "free space in " + dir};
  }
  return {StatusCode::kFailedPrecondition, message, "make " + dir + " a directory this service can write to"};
}

}  // namespace

PayloadStore::~PayloadStore() {
  if (fd_ >= 0) close(fd_);
}

Status PayloadStore::Settle() {
  if (tail_.size() <= (fd_ < 0 ? memory_bytes_max_ : std::min(kWriteBytes, memory_bytes_max_)))
    return Status::Ok();
  if (fd_ < 0) SRDF_RETURN_IF_ERROR(OpenFile());
  return WriteTail();
}

Status PayloadStore::OpenFile() {
  if (spill_dir_.empty()) {
    return {StatusCode::kFailedPrecondition,
            "a wagon's payload outgrew " + std::to_string(memory_bytes_max_) + " bytes of memory",
            "set the directory for spill files"};
  }
  std::string path = spill_dir_ + "/wagon-XXXXXX";
  fd_ = mkostemp(path.data(), O_CLOEXEC);
  if (fd_ < 0) return FileError("cannot create a spill file", spill_dir_, errno);
  if (unlink(path.c_str()) != 0) return FileError("cannot unlink the spill file " + path, spill_dir_, errno);
  return Status::Ok();
}

Status PayloadStore::WriteTail() {
  std::string_view left = tail_;
  while (!left.empty()) {
    const ssize_t n = write(fd_, left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError("cannot write the spill file", spill_dir_, errno);
    left.remove_prefix(static_cast<size_t>(n));
  }
  file_bytes_ += tail_.size();
  tail_.clear();
  if (tail_.capacity() > 2 * kWriteBytes) tail_.shrink_to_fit();
  return Status::Ok();
}

Status PayloadStore::Read(size_t piece_bytes_max, const std::function<Status(std::string_view)>& sink) {
  std::string piece(fd_ < 0 ? 0 : piece_bytes_max, '\0');
  for (uint64_t at = 0; at < file_bytes_;) {
    const size_t want = static_cast<size_t>(std::min<uint64_t>(piece.size(), file_bytes_ - at));
    const ssize_t n = pread(fd_, piece.data(), want, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError("cannot read the spill file", spill_dir_, errno);
    if (n == 0)
      return {StatusCode::kDataLoss, "the spill file in " + spill_dir_ + " is shorter than what was written"};
    SRDF_RETURN_IF_ERROR(sink({piece.data(), static_cast<size_t>(n)}));
    at += static_cast<uint64_t>(n);
  }
  for (size_t at = 0; at < tail_.size(); at += piece_bytes_max) {
    SRDF_RETURN_IF_ERROR(sink(std::string_view(tail_).substr(at, piece_bytes_max)));
  }
  return Status::Ok();
}

}  // namespace srdf::wire
