#include "srdfctl/undo_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "base/clock.h"
#include "srdfctl/row_text.h"
#include "srdfctl/text.h"

namespace srdf::ctl {

namespace {

using nlohmann::ordered_json;

constexpr size_t kKeysPerRead = 5000;

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

Status WriteError(const std::string& path) {
  return {StatusCode::kFailedPrecondition,
          "the undo file " + path + " cannot be written: " + std::strerror(errno),
          "name another one with --undo; nothing was repaired"};
}

Result<File> Create(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST) {
    return Status(StatusCode::kAlreadyExists, "there is a file " + path + " already",
                  "name another undo file with --undo; nothing was repaired");
  }
  File file(fd < 0 ? nullptr : ::fdopen(fd, "w"));
  if (file == nullptr) return WriteError(path);
  return file;
}

// Else the file's name may be lost with the host.
bool SyncDirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced;
}

Status WriteLine(const ordered_json& json, const std::string& path, std::FILE* file) {
  const std::string line = json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  return std::fwrite(line.data(), 1, line.size(), file) == line.size() ? Status() : WriteError(path);
}

Status WriteTable(const TableRepair& table, const std::string& path, compare::Side* target, std::FILE* file) {
  std::string schema;
  EncodeTableSchema(table.schema, &schema);
  SRDF_RETURN_IF_ERROR(WriteLine(
      {{"database", table.name.database}, {"table", table.name.table}, {"schema", Hex(schema)}}, path, file));
  if (!table.with_key()) {
    for (const compare::RowDifference& row : table.rows) {
      SRDF_RETURN_IF_ERROR(WriteLine({{"copies", row.copies_target},
                                      {"image", Hex(row.image)},
                                      {"row", RowText(table.schema, row.image)}},
                                     path, file));
    }
    return {};
  }
  for (size_t at = 0; at < table.rows.size(); at += kKeysPerRead) {
    compare::RowsWanted wanted;
    wanted.with_images = true;
    std::set<std::string> absent;
    for (size_t i = at; i < std::min(at + kKeysPerRead, table.rows.size()); ++i) {
      wanted.keys.push_back(table.rows[i].key);
      absent.insert(table.rows[i].key);
    }
    SRDF_RETURN_IF_ERROR(target->ReadRows(table.name, wanted, [&](const compare::ReadRow& row) {
      absent.erase(row.key);
      return WriteLine({{"key", KeyText(table.schema, row.key)},
                        {"key_image", Hex(row.key)},
                        {"image", Hex(row.image)},
                        {"row", RowText(table.schema, row.image)}},
                       path, file);
    }));
    for (const std::string& key : absent) {
      SRDF_RETURN_IF_ERROR(WriteLine(
          {{"key", KeyText(table.schema, key)}, {"key_image", Hex(key)}, {"absent", true}}, path, file));
    }
  }
  return {};
}

}  // namespace

Status WriteUndoFile(const std::string& path, const std::string& flow, const SourcePosition& position,
                     const RepairPlan& plan, compare::Side* target) {
  SRDF_ASSIGN_OR_RETURN(const File file, Create(path));
  const auto write = [&]() -> Status {
    SRDF_RETURN_IF_ERROR(WriteLine({{"format", "srdf-repair-undo"},
                                    {"version", 1},
                                    {"flow", flow},
                                    {"gtid", position.gtid},
                                    {"at_ms", WallClockMs()}},
                                   path, file.get()));
    for (const TableRepair& table : plan.tables) {
      SRDF_RETURN_IF_ERROR(WriteTable(table, path, target, file.get()));
    }
    SRDF_RETURN_IF_ERROR(WriteLine({{"end", true}}, path, file.get()));
    const bool flushed = std::fflush(file.get()) == 0 && ::fsync(::fileno(file.get())) == 0;
    return flushed && SyncDirectoryOf(path) ? Status() : WriteError(path);
  };
  const Status written = write();
  if (!written.ok()) ::unlink(path.c_str());  // half of it would be taken for all
  return written;
}

}  // namespace srdf::ctl
