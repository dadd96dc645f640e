// SecurityDir: where the files of a mesh's security are (docs/operations/security.md).
//
//   ca.crt                    the authorities that are trusted, one or more (a bundle while they change)
//   ca.key                    of a development authority only
//   NAME.crt, NAME.key        of each service, of `operator` and of `viewer`
//   tokens/FLOW.token         a flow's bearer token
//
// Thread rules: plain values.
#pragma once

#include <string>
#include <vector>

namespace srdf::pki {

class SecurityDir {
 public:
  explicit SecurityDir(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  std::string authority() const { return path_ + "/ca.crt"; }
  std::string authority_key() const { return path_ + "/ca.key"; }
  std::string certificate(const std::string& name) const { return path_ + "/" + name + ".crt"; }
  std::string key(const std::string& name) const { return path_ + "/" + name + ".key"; }
  std::string tokens() const { return path_ + "/tokens"; }
  std::string token(const std::string& flow) const { return tokens() + "/" + flow + ".token"; }
  // No directory, or none of the files above.
  bool IsEmpty() const;

 private:
  std::string path_;
};

// Everybody who has a certificate: the six services, operator, viewer.
const std::vector<std::string>& CertificateNames();

}  // namespace srdf::pki
