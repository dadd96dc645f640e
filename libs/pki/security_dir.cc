#include "pki/security_dir.h"

#include <filesystem>

namespace srdf::pki {

bool SecurityDir::IsEmpty() const {
  std::error_code error;
  return !std::filesystem::exists(path_, error) || std::filesystem::is_empty(path_, error);
}

const std::vector<std::string>& CertificateNames() {
  static const std::vector<std::string> names = {"capture", "batcher",      "shipper",  "receiver",
                                                 "applier", "orchestrator", "operator", "viewer"};
  return names;
}

}  // namespace srdf::pki
