#include "pki/development.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "pki/certificate_check.h"
#include "pki/issuer.h"
#include "pki/pem_file.h"
#include "pki/security_dir.h"
#include "pki/token.h"

namespace srdf::pki {

namespace {

constexpr int64_t kDayMs = 24ll * 3600 * 1000;
constexpr int64_t kAuthorityDays = 3650;
// Hosts whose clocks are a little behind accept a fresh certificate, too.
constexpr int64_t kClockSkewMs = 5ll * 60 * 1000;

// An IPv6 address as a certificate tells it (fd00:0:0::7 is fd00::7), other hosts as they are.
std::string Canonical(const std::string& host) {
  in6_addr address{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_pton(AF_INET6, host.c_str(), &address) != 1) return host;
  return ::inet_ntop(AF_INET6, &address, text.data(), text.size());
}

class DirectoryLock {
 public:
  explicit DirectoryLock(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (fd_ >= 0) ::flock(fd_, LOCK_EX);
  }
  ~DirectoryLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  const int fd_;
};

class Maker {
 public:
  explicit Maker(const DevelopmentOptions& options) : options_(options), dir_(options.dir) {}

  Result<std::vector<DevelopmentFile>> Make() {
    SRDF_RETURN_IF_ERROR(MakePrivateDirectory(dir_.path()));
    SRDF_RETURN_IF_ERROR(MakePrivateDirectory(dir_.tokens()));
    const DirectoryLock lock(dir_.path());
    SRDF_RETURN_IF_ERROR(MakeAuthority());
    for (const std::string& name : CertificateNames()) SRDF_RETURN_IF_ERROR(MakePair(name));
    for (const std::string& flow : options_.flows) SRDF_RETURN_IF_ERROR(MakeToken(flow));
    return std::move(files_);
  }

 private:
  Validity ValidFor(int64_t days) const {
    return {options_.now_ms - kClockSkewMs, options_.now_ms + days * kDayMs};
  }

  void Note(const std::string& file, Deed deed, int64_t not_after_ms) {
    files_.push_back({file, deed, not_after_ms});
  }

  Status MakeAuthority() {
    const auto bundle = ReadSmallFile(dir_.authority());
    if (!bundle.ok() && bundle.status().code() != StatusCode::kNotFound) return bundle.status();
    if (!bundle.ok()) return NewBundle("", Deed::kMade);
    const auto key = ReadSecretFile(dir_.authority_key());
    if (key.status().code() == StatusCode::kPermissionDenied) return key.status();
    if (!key.ok() || !KeyFits(*bundle, *key)) {
      return {StatusCode::kFailedPrecondition,
              dir_.authority() + " is not a development authority: " + dir_.authority_key() +
                  " with its key is not there, or does not fit",
              "have your own authority issue the certificates (docs/operations/security.md), or name another "
              "directory with --dir"};
    }
    SRDF_ASSIGN_OR_RETURN(const std::vector<Certificate> authorities, ReadCertificates(*bundle));
    const int64_t not_after_ms = authorities.front().not_after_ms;
    // What it issues may not outlive it.
    if (options_.new_authority || not_after_ms - options_.now_ms < options_.days * kDayMs)
      return NewBundle(*bundle, Deed::kRenewed);
    authority_ = {*bundle, *key};
    if (!options_.drop_old_authorities || authorities.size() == 1) {
      Note(dir_.authority(), Deed::kKept, not_after_ms);
      return {};
    }
    constexpr std::string_view kEnd = "-----END CERTIFICATE-----\n";
    const std::string first = bundle->substr(0, bundle->find(kEnd) + kEnd.size());
    SRDF_RETURN_IF_ERROR(WriteFilesAtomically({{dir_.authority(), first}}));
    Note(dir_.authority(), Deed::kRenewed, not_after_ms);
    return {};
  }

  Status NewBundle(const std::string& old_bundle, Deed deed) {
    const Validity validity = ValidFor(std::max(kAuthorityDays, options_.days * 2));
    SRDF_ASSIGN_OR_RETURN(authority_, NewAuthority(options_.mesh, validity));
    SRDF_RETURN_IF_ERROR(WriteFilesAtomically(
        {{dir_.authority_key(), authority_.key}, {dir_.authority(), authority_.certificate + old_bundle}}));
    Note(dir_.authority(), deed, validity.not_after_ms);
    if (!old_bundle.empty()) {
      all_are_renewed_ = true;
      if (options_.wait_for_readers) options_.wait_for_readers();
    }
    return {};
  }

  // Sound, far from its end, and with the hosts that are asked for.
  bool IsGood(const PairCheck& check) const {
    if (!check.problem.ok()) return false;
    const int64_t life_ms = check.certificate.not_after_ms - check.certificate.not_before_ms;
    if (check.certificate.not_after_ms - options_.now_ms < life_ms / 3) return false;
    const std::vector<std::string>& has = check.certificate.hosts;
    return std::all_of(options_.hosts.begin(), options_.hosts.end(), [&](const std::string& host) {
      return std::find(has.begin(), has.end(), Canonical(host)) != has.end();
    });
  }

  Status MakePair(const std::string& name) {
    const PairCheck check = CheckPair(dir_, options_.mesh, name, options_.now_ms);
    if (!options_.renew && !all_are_renewed_ && IsGood(check)) {
      Note(check.file, Deed::kKept, check.certificate.not_after_ms);
      return {};
    }
    std::vector<std::string> hosts = {"localhost", "127.0.0.1", "::1"};
    const auto add = [&](const std::string& host) {
      if (std::find(hosts.begin(), hosts.end(), host) == hosts.end()) hosts.push_back(host);
    };
    // Those that were asked for once stay: `srdfctl up` renews without knowing them.
    if (check.certificate.identity() == IdentityNamed(options_.mesh, name))
      std::for_each(check.certificate.hosts.begin(), check.certificate.hosts.end(), add);
    for (const std::string& host : options_.hosts) add(Canonical(host));
    const Validity validity = ValidFor(options_.days);
    SRDF_ASSIGN_OR_RETURN(const Pem pem,
                          Issue(authority_, IdentityNamed(options_.mesh, name), hosts, validity));
    SRDF_RETURN_IF_ERROR(WriteFilesAtomically({{dir_.key(name), pem.key}, {check.file, pem.certificate}}));
    Note(check.file, check.is_present ? Deed::kRenewed : Deed::kMade, validity.not_after_ms);
    return {};
  }

  Status MakeToken(const std::string& flow) {
    const std::string file = dir_.token(flow);
    std::error_code ignored;
    const bool is_present = std::filesystem::exists(file, ignored);
    std::string before;
    if (is_present) {
      // A file that is damaged is not thrown away: the other site may have the same one.
      SRDF_ASSIGN_OR_RETURN(const std::vector<std::string> tokens, TokenSource(file, "").Read());
      before = tokens.front() + "\n";
      if (!options_.rotate_tokens) {
        Note(file, Deed::kKept, 0);
        return {};
      }
    }
    SRDF_ASSIGN_OR_RETURN(const std::string token, NewToken());
    SRDF_RETURN_IF_ERROR(WriteFilesAtomically({{file, token + "\n" + before}}));
    Note(file, is_present ? Deed::kRenewed : Deed::kMade, 0);
    return {};
  }

  const DevelopmentOptions& options_;
  const SecurityDir dir_;
  Pem authority_;
  bool all_are_renewed_ = false;
  std::vector<DevelopmentFile> files_;
};

}  // namespace

Result<std::vector<DevelopmentFile>> MakeDevelopmentFiles(const DevelopmentOptions& options) {
  return Maker(options).Make();
}

}  // namespace srdf::pki
