#include "pki/security_dir.h"

#include <algorithm>
#include <filesystem>

namespace srdf::pki {

bool SecurityDir::IsEmpty() const {
  const auto is_there = [](const std::string& file) {
    std::error_code error;
    return std::filesystem::exists(file, error);
  };
  // Other secrets may lie in the directory, too.
  return !is_there(authority()) && !is_there(authority_key()) &&
         std::none_of(CertificateNames().begin(), CertificateNames().end(), [&](const std::string& name) {
           return is_there(certificate(name)) || is_there(key(name));
         });
}

const std::vector<std::string>& CertificateNames() {
  static const std::vector<std::string> names = {"capture", "batcher",      "shipper",  "receiver",
                                                 "applier", "orchestrator", "operator", "viewer"};
  return names;
}

}  // namespace srdf::pki
