#include "srdfctl/process_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>

namespace srdf::ctl {
namespace {

namespace fs = std::filesystem;

class TerminalLog : public ProcessLog {
 public:
  TerminalLog(size_t name_width, bool colours) : name_width_(name_width), colours_(colours) {}

  void Line(const std::string& process, std::string_view line) override {
    std::string text;
    if (colours_) {
      constexpr int kColours[] = {36, 32, 33, 35, 34, 96};
      const int colour = process == kSupervisorName ? 1 : kColours[ColourOf(process) % std::size(kColours)];
      text = fmt::format("\033[{}m{:<{}} |\033[0m {}\n", colour, process, name_width_, line);
    } else {
      text = fmt::format("{:<{}} | {}\n", process, name_width_, line);
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }

 private:
  size_t ColourOf(const std::string& process) {
    return colour_of_.emplace(process, colour_of_.size()).first->second;
  }

  const size_t name_width_;
  const bool colours_;
  std::map<std::string, size_t> colour_of_;
};

class FileLog : public ProcessLog {
 public:
  FileLog(std::string directory, const LogFileLimits& limits)
      : directory_(std::move(directory)), limits_(limits) {}

  void Line(const std::string& process, std::string_view line) override {
    File& file = files_[process];
    if (!file.fd.open()) Open(process, &file);
    if (file.bytes > 0 && file.bytes + line.size() + 1 > limits_.bytes_max) {
      file.fd.Close();
      Rotate(process);
      Open(process, &file);
    }
    std::string text(line);
    text += '\n';
    // A full disk must not stop the supervisor: what cannot be written is lost, as with any logger.
    const ssize_t n = ::write(file.fd.get(), text.data(), text.size());
    if (n > 0) file.bytes += static_cast<uint64_t>(n);
  }

 private:
  struct File {
    UniqueFd fd;
    uint64_t bytes = 0;
  };

  std::string PathOf(const std::string& process, int number) const {
    return directory_ + "/" + process + ".log" + (number == 0 ? "" : "." + std::to_string(number));
  }

  void Open(const std::string& process, File* file) {
    file->fd = UniqueFd(::open(PathOf(process, 0).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
    struct stat info {};
    file->bytes = ::fstat(file->fd.get(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
  }

  void Rotate(const std::string& process) {
    std::error_code ignored;  // an absent older file
    fs::remove(PathOf(process, limits_.files_max - 1), ignored);
    for (int i = limits_.files_max - 1; i > 0; --i)
      fs::rename(PathOf(process, i - 1), PathOf(process, i), ignored);
  }

  const std::string directory_;
  const LogFileLimits limits_;
  std::map<std::string, File> files_;
};

}  // namespace

std::unique_ptr<ProcessLog> NewTerminalLog(size_t name_width, bool colours) {
  return std::make_unique<TerminalLog>(name_width, colours);
}

Result<std::unique_ptr<ProcessLog>> NewFileLog(const std::string& directory, const LogFileLimits& limits) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error || ::access(directory.c_str(), W_OK) != 0) {
    return Status(StatusCode::kFailedPrecondition,
                  "cannot write to the log directory " + directory + ": " +
                      (error ? error.message() : std::strerror(errno)),
                  "make it writable for this user");
  }
  return std::unique_ptr<ProcessLog>(std::make_unique<FileLog>(directory, limits));
}

std::string TailOfLog(const std::string& directory, const std::string& process, size_t lines) {
  std::deque<std::string> tail;
  for (const char* suffix : {".log.1", ".log"}) {
    std::ifstream in(directory + "/" + process + suffix);
    for (std::string line; std::getline(in, line);) {
      tail.push_back(line);
      if (tail.size() > lines) tail.pop_front();
    }
  }
  std::string text;
  for (const std::string& line : tail) text += line + "\n";
  return text;
}

}  // namespace srdf::ctl
