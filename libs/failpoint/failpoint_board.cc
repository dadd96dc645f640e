#include "failpoint/failpoint_board.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

namespace srdf::failpoint {

// Over the names and their order: a build with other ones must not read this board.
uint64_t Board::Magic() {
  uint64_t hash = 1469598103934665603u;
  for (const std::string_view name : kNames) {
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    hash = (hash ^ ',') * 1099511628211u;
  }
  return hash;
}

Result<std::unique_ptr<Board>> Board::Attach(const std::string& path, bool create) {
  const auto failed = [&](const char* what) {
    return Status(StatusCode::kFailedPrecondition,
                  std::string("cannot ") + what + " the board " + path + ": " + std::strerror(errno));
  };
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC | (create ? O_CREAT | O_TRUNC : 0), 0600);
  if (fd < 0) return failed("open");
  struct stat file {};
  const bool sized = create ? ftruncate(fd, sizeof(Map)) == 0 : fstat(fd, &file) == 0;
  const bool whole = create || static_cast<size_t>(file.st_size) == sizeof(Map);
  void* memory =
      sized && whole ? mmap(nullptr, sizeof(Map), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
  const Status error = memory == MAP_FAILED ? failed("map") : Status();
  close(fd);
  if (!whole) return Status(StatusCode::kFailedPrecondition, path + " is not a board of this build");
  if (!error.ok()) return error;
  // A fresh file is all zero, which is what an empty board is.
  Map* map = create ? new (memory) Map() : static_cast<Map*>(memory);
  if (create) map->magic = Magic();
  if (map->magic != Magic()) {
    munmap(memory, sizeof(Map));
    return Status(StatusCode::kFailedPrecondition, path + " is not a board of this build");
  }
  return std::unique_ptr<Board>(new Board(map));
}

Result<std::unique_ptr<Board>> Board::Create(const std::string& path) { return Attach(path, true); }
Result<std::unique_ptr<Board>> Board::Open(const std::string& path) { return Attach(path, false); }

Board::~Board() { munmap(map_, sizeof(Map)); }

bool Board::Pass(size_t index, uint32_t draw) {
  Slot& slot = map_->slots[index];
  ++slot.passes;
  if (draw >= slot.chance_ppm) return false;
  // The last one that the budget allows, and not one more, whoever comes at the same time.
  if (slot.budget.fetch_sub(1) <= 0) {
    ++slot.budget;
    return false;
  }
  ++slot.crashes;
  return true;
}

}  // namespace srdf::failpoint
