// srdfctl binlog dump: a binlog file as JSON lines, without a server or a configuration.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "binlog_file/dump.h"
#include "srdfctl/commands.h"

namespace srdf::ctl {
namespace {

Status WriteOut(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return {};
  return {StatusCode::kUnavailable, std::string("cannot write the output: ") + std::strerror(errno)};
}

}  // namespace

int BinlogDump(const binlog_file::DumpOptions& options) {
  binlog_file::DumpSummary summary;
  Status status = binlog_file::Dump(options, &WriteOut, &summary);
  if (std::fflush(stdout) != 0 && status.ok()) status = WriteOut("\n");
  if (!summary.server.empty()) {
    std::fprintf(stderr, "%s: %s", options.path.c_str(), summary.ToText(options.events).c_str());
  }
  return status.ok() ? kExitOk : Fail(status);
}

}  // namespace srdf::ctl
