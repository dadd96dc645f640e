#include "failpoint/failpoint.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>

namespace srdf::failpoint {

namespace {

struct Point {
  int passes_left = 1;
};

std::map<std::string, Point> ParseEnvironment() {
  std::map<std::string, Point> points;
  const char* env = std::getenv("SRDF_FAILPOINTS");
  std::string text = env == nullptr ? "" : env;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    std::string item = text.substr(0, comma);
    text = comma == std::string::npos ? "" : text.substr(comma + 1);
    const size_t eq = item.find('=');
    if (eq == std::string::npos || item.compare(eq + 1, 5, "crash") != 0) continue;
    Point point;
    const size_t at = item.find('@', eq);
    if (at != std::string::npos) point.passes_left = std::atoi(item.c_str() + at + 1);
    points[item.substr(0, eq)] = point;
  }
  return points;
}

std::mutex g_mu;
std::map<std::string, Point>& Points() {
  static auto* points = new std::map<std::string, Point>(ParseEnvironment());
  return *points;
}

}  // namespace

std::atomic<bool> g_enabled{std::getenv("SRDF_FAILPOINTS") != nullptr};

void Hit(const char* name) {
  std::lock_guard lock(g_mu);
  const auto it = Points().find(name);
  if (it == Points().end()) return;
  if (--it->second.passes_left > 0) return;
  kill(getpid(), SIGKILL);
}

}  // namespace srdf::failpoint
