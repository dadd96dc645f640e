#include "srdfctl/launch.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>
#include <sstream>
#include <thread>

#include "config/values.h"

namespace srdf::ctl {
namespace {

namespace fs = std::filesystem;

Status CheckFree(const std::string& key, const std::string& text) {
  const auto address = config::ParseAddress(text);
  if (!address.ok()) return address.status();  // LoadConfig has checked it
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      ::getaddrinfo(address->host.c_str(), std::to_string(address->port).c_str(), &hints, &found);
  if (error != 0) {
    return {StatusCode::kInvalidArgument,
            key + ": " + text + " is no address of this host: " + ::gai_strerror(error),
            "correct it in the configuration"};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  const UniqueFd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // Without this a port whose last connections are in TIME_WAIT would look taken.
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (fd.open() && ::bind(fd.get(), found->ai_addr, found->ai_addrlen) == 0 && ::listen(fd.get(), 1) == 0)
    return {};
  const std::string reason = std::strerror(errno);
  return {StatusCode::kFailedPrecondition, "cannot listen on " + text + " (" + key + "): " + reason,
          "stop what uses it (ss -ltnp 'sport = :" + std::to_string(address->port) + "'), or set " + key};
}

Status CheckAllFree(const config::Config& config, const ServiceNames& names) {
  for (const std::string& name : names) {
    const config::ServiceConfig& service = config.services.at(name);
    const std::string key = "services." + name;
    SRDF_RETURN_IF_ERROR(CheckFree(key + ".listen", service.listen));
    SRDF_RETURN_IF_ERROR(CheckFree(key + ".metrics", service.metrics));
  }
  return {};
}

}  // namespace

Result<ServiceNames> ChooseServices(const std::string& only, const std::string& site) {
  const ServiceNames all(config::kServiceNames.begin(), config::kServiceNames.end());
  if (!only.empty() && !site.empty()) {
    return Status(StatusCode::kInvalidArgument, "--only and --site are both given", "keep one of the two");
  }
  if (site == "source") return ServiceNames{"capture", "batcher", "shipper", "orchestrator"};
  if (site == "target") return ServiceNames{"receiver", "applier"};
  if (!site.empty()) {
    return Status(StatusCode::kInvalidArgument, "--site: \"" + site + "\" is no site of a mesh",
                  "write source or target");
  }
  if (only.empty()) return all;
  ServiceNames asked;
  std::istringstream words(only);
  for (std::string word; std::getline(words, word, ',');) {
    if (std::find(all.begin(), all.end(), word) == all.end()) {
      return Status(StatusCode::kInvalidArgument, "--only: there is no service \"" + word + "\"",
                    "name some of capture, batcher, shipper, receiver, applier, orchestrator, with commas");
    }
    asked.push_back(word);
  }
  ServiceNames chosen;
  std::copy_if(all.begin(), all.end(), std::back_inserter(chosen), [&](const std::string& name) {
    return std::find(asked.begin(), asked.end(), name) != asked.end();
  });
  return chosen;
}

Result<std::string> FindServices(const std::string& given, const ServiceNames& names) {
  std::vector<std::string> candidates;
  if (!given.empty()) {
    candidates.push_back(given);
  } else {
    std::error_code error;
    const fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
    for (const char* relative : {".", "../libexec/srdf", "../libexec"}) {
      candidates.push_back((here / relative).lexically_normal().string());
    }
  }
  std::string missing;
  for (std::string& directory : candidates) {
    while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
    missing.clear();
    for (const std::string& name : names) {
      const std::string program = directory + "/srdf-" + name;
      if (::access(program.c_str(), X_OK) != 0) missing += (missing.empty() ? "" : ", ") + program;
    }
    if (missing.empty()) return directory;
  }
  return Status(StatusCode::kNotFound, "cannot find the services' programs, at last not " + missing,
                "install or build them beside srdfctl, or name their directory with --bin-dir");
}

std::vector<ProcessSpec> ServiceProcesses(const config::Config& config, const std::string& bin_dir,
                                          const ServiceNames& names) {
  std::vector<ProcessSpec> processes;
  for (const std::string& service : names) {
    processes.push_back(
        {service, {bin_dir + "/srdf-" + service, "--config", config.path, "--data-dir", config.data_dir}});
  }
  return processes;
}

Status CheckListenersFree(const config::Config& config, const ServiceNames& names,
                          std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    Status status = CheckAllFree(config, names);
    if (status.code() != StatusCode::kFailedPrecondition || std::chrono::steady_clock::now() > deadline)
      return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace srdf::ctl
