#include "pki/certificate_check.h"

#include <algorithm>
#include <filesystem>

#include "pki/openssl_handles.h"
#include "pki/pem_file.h"

namespace srdf::pki {

namespace {

constexpr char kRemedy[] =
    "make the files anew: `srdfctl cert dev` for a development authority, else with your own authority "
    "(docs/operations/security.md)";

Status Unusable(const std::string& what) { return {StatusCode::kFailedPrecondition, what, kRemedy}; }

// OK when `leaf` chains to one of `authorities`. Dates are checked before, with better words.
Status CheckChain(const std::vector<X509Ptr>& authorities, const std::vector<X509Ptr>& chain, int purpose,
                  int64_t now_ms) {
  const StorePtr store(X509_STORE_new());
  for (const X509Ptr& authority : authorities) X509_STORE_add_cert(store.get(), authority.get());
  STACK_OF(X509)* others = sk_X509_new_null();
  for (size_t i = 1; i < chain.size(); ++i) sk_X509_push(others, chain[i].get());
  const StoreContextPtr context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), others);
  X509_STORE_CTX_set_purpose(context.get(), purpose);
  X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()), now_ms / 1000);
  const bool sound = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  sk_X509_free(others);
  ERR_clear_error();
  if (sound) return {};
  return Unusable(X509_verify_cert_error_string(error));
}

Status CheckDates(const Certificate& certificate, const std::string& file, int64_t now_ms) {
  if (now_ms < certificate.not_before_ms) {
    return Unusable(file + " is not valid before " + TimeText(certificate.not_before_ms) +
                    " (this host's clock says " + TimeText(now_ms) + ")");
  }
  if (now_ms > certificate.not_after_ms)
    return Unusable(file + " expired at " + TimeText(certificate.not_after_ms));
  return {};
}

Status CheckIdentity(const Certificate& certificate, const std::string& file, const Identity& expected) {
  const auto identity = certificate.identity();
  if (!identity) {
    return Unusable(file +
                    " does not name exactly one identity srdf://MESH/service/NAME or srdf://MESH/role/NAME "
                    "in its subject alternative names; expected is " +
                    expected.ToUri());
  }
  if (identity->mesh != expected.mesh) {
    return Unusable(file + " belongs to the mesh " + identity->mesh + ", this one is " + expected.mesh);
  }
  if (*identity != expected) {
    return Unusable(file + " is the certificate of " + identity->ToUri() + ", expected is " +
                    expected.ToUri());
  }
  return {};
}

Status Check(const SecurityDir& dir, const Identity& expected, int64_t now_ms, PairCheck* out) {
  const std::string& file = out->file;
  const std::string key_file = dir.key(expected.name);
  const auto remedied = [](const Status& status) {
    return status.remedy().empty() ? Unusable(status.message()) : status;
  };
  const auto authority_pem = ReadSmallFile(dir.authority());
  if (!authority_pem.ok()) return remedied(authority_pem.status());
  const auto pem = ReadSmallFile(file);
  if (!pem.ok()) return remedied(pem.status());
  const auto key_pem = ReadSecretFile(key_file);
  if (!key_pem.ok()) return remedied(key_pem.status());

  const std::vector<X509Ptr> authorities = ParsePem(*authority_pem);
  if (authorities.empty()) return Unusable(dir.authority() + ": there is no certificate in PEM form in it");
  auto certificates = ReadCertificates(*pem);
  if (!certificates.ok()) return Unusable(file + ": " + certificates.status().message());
  out->certificate = std::move(certificates->front());
  SRDF_RETURN_IF_ERROR(CheckDates(out->certificate, file, now_ms));
  SRDF_RETURN_IF_ERROR(CheckIdentity(out->certificate, file, expected));

  const std::vector<X509Ptr> chain = ParsePem(*pem);
  const KeyPtr key = ParseKey(*key_pem);
  if (key == nullptr) return Unusable(key_file + " holds no private key in PEM form without a passphrase");
  if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
    ERR_clear_error();
    return Unusable("the key " + key_file + " does not fit the certificate " + file);
  }
  for (const int purpose : {X509_PURPOSE_SSL_CLIENT, X509_PURPOSE_SSL_SERVER}) {
    if (purpose == X509_PURPOSE_SSL_SERVER && expected.kind == IdentityKind::kRole) continue;
    if (Status status = CheckChain(authorities, chain, purpose, now_ms); !status.ok()) {
      return Unusable(file + " cannot be verified with " + dir.authority() + " for a TLS " +
                      (purpose == X509_PURPOSE_SSL_CLIENT ? "client: " : "server: ") + status.message());
    }
  }
  return {};
}

}  // namespace

PairCheck CheckPair(const SecurityDir& dir, const std::string& mesh, const std::string& name,
                    int64_t now_ms) {
  PairCheck check;
  check.name = name;
  check.file = dir.certificate(name);
  std::error_code ignored;
  check.is_present =
      std::filesystem::exists(check.file, ignored) || std::filesystem::exists(dir.key(name), ignored);
  check.problem = Check(dir, IdentityNamed(mesh, name), now_ms, &check);
  return check;
}

AuthorityCheck CheckAuthority(const SecurityDir& dir, int64_t now_ms) {
  AuthorityCheck check;
  check.file = dir.authority();
  const auto pem = ReadSmallFile(check.file);
  if (!pem.ok()) {
    check.problem = Unusable(pem.status().message());
    return check;
  }
  auto certificates = ReadCertificates(*pem);
  if (!certificates.ok()) {
    check.problem = Unusable(check.file + ": " + certificates.status().message());
    return check;
  }
  check.authorities = std::move(*certificates);
  const bool one_is_valid =
      std::any_of(check.authorities.begin(), check.authorities.end(), [&](const Certificate& authority) {
        return CheckDates(authority, check.file, now_ms).ok() && authority.is_authority;
      });
  if (!one_is_valid) {
    check.problem = CheckDates(check.authorities.front(), check.file, now_ms);
    if (check.problem.ok()) check.problem = Unusable(check.file + " holds no certificate of an authority");
  }
  // Whoever reads a development authority's key can be anybody.
  const auto key = ReadSecretFile(dir.authority_key());
  if (check.problem.ok() && key.status().code() == StatusCode::kPermissionDenied)
    check.problem = key.status();
  return check;
}

}  // namespace srdf::pki
