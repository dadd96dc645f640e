#include "pki/issuer.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <array>

#include "pki/openssl_handles.h"
#include "pki/token.h"

namespace srdf::pki {

namespace {

Status Failed(const char* what) {
  return {StatusCode::kInternal, std::string("OpenSSL cannot ") + what + ": " + OpenSslError()};
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

bool AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool SetSerial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) return false;
  bytes[0] &= 0x7f;  // positive
  BIGNUM* number = BN_bin2bn(bytes.data(), bytes.size(), nullptr);
  const bool done = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
  BN_free(number);
  return done;
}

bool SetName(X509_NAME* name, const std::string& common_name) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                                    0) == 1;
}

struct Fresh {
  X509Ptr certificate;
  KeyPtr key;
};

// Version 3, a serial number, dates, a new key and the subject; no issuer, no extensions, no signature.
Result<Fresh> Begin(const std::string& common_name, const Validity& validity) {
  Fresh fresh{X509Ptr(X509_new()), KeyPtr(EVP_EC_gen("P-256"))};
  X509* certificate = fresh.certificate.get();
  if (fresh.key == nullptr || certificate == nullptr) return Failed("make a key");
  const bool done =
      X509_set_version(certificate, X509_VERSION_3) == 1 && SetSerial(certificate) &&
      ASN1_TIME_set(X509_getm_notBefore(certificate), validity.not_before_ms / 1000) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(certificate), validity.not_after_ms / 1000) != nullptr &&
      X509_set_pubkey(certificate, fresh.key.get()) == 1 &&
      SetName(X509_get_subject_name(certificate), common_name);
  if (!done) return Failed("make a certificate");
  return fresh;
}

Result<Pem> ToPem(const Fresh& fresh) {
  const BioPtr certificate(BIO_new(BIO_s_mem()));
  const BioPtr key(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(certificate.get(), fresh.certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key.get(), fresh.key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Failed("write a certificate");
  }
  return Pem{TextOf(certificate.get()), TextOf(key.get())};
}

bool IsIpAddress(const std::string& host) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(host.c_str());
  ASN1_OCTET_STRING_free(address);
  ERR_clear_error();
  return address != nullptr;
}

}  // namespace

Result<Pem> NewAuthority(const std::string& mesh, const Validity& validity) {
  // Two authorities of one name could not be told apart in a bundle.
  SRDF_ASSIGN_OR_RETURN(const std::string token, NewToken());
  SRDF_ASSIGN_OR_RETURN(Fresh fresh,
                        Begin("SRDF development authority " + mesh + " " + token.substr(0, 8), validity));
  X509* certificate = fresh.certificate.get();
  const bool done =
      X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
      AddExtension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      AddExtension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
      AddExtension(certificate, certificate, NID_subject_key_identifier, "hash") &&
      X509_sign(certificate, fresh.key.get(), EVP_sha256()) != 0;
  if (!done) return Failed("make an authority");
  return ToPem(fresh);
}

Result<Pem> Issue(const Pem& authority, const Identity& identity, const std::vector<std::string>& hosts,
                  const Validity& validity) {
  const std::vector<X509Ptr> issuers = ParsePem(authority.certificate);
  const KeyPtr issuer_key = ParseKey(authority.key);
  if (issuers.empty() || issuer_key == nullptr)
    return Status(StatusCode::kInvalidArgument, "the authority's certificate or key cannot be read");
  X509* issuer = issuers.front().get();
  SRDF_ASSIGN_OR_RETURN(Fresh fresh, Begin(identity.name + "." + identity.mesh, validity));
  X509* certificate = fresh.certificate.get();
  std::string names = "URI:" + identity.ToUri();
  for (const std::string& host : hosts) names += (IsIpAddress(host) ? ",IP:" : ",DNS:") + host;
  const bool is_service = identity.kind == IdentityKind::kService;
  const bool done = X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
                    AddExtension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                    AddExtension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
                    AddExtension(certificate, issuer, NID_ext_key_usage,
                                 is_service ? "serverAuth,clientAuth" : "clientAuth") &&
                    AddExtension(certificate, issuer, NID_subject_key_identifier, "hash") &&
                    AddExtension(certificate, issuer, NID_authority_key_identifier, "keyid:always") &&
                    AddExtension(certificate, issuer, NID_subject_alt_name, names) &&
                    X509_sign(certificate, issuer_key.get(), EVP_sha256()) != 0;
  if (!done) return Failed("make a certificate");
  return ToPem(fresh);
}

bool KeyFits(const std::string& certificate, const std::string& key) {
  const std::vector<X509Ptr> certificates = ParsePem(certificate);
  const KeyPtr parsed = ParseKey(key);
  const bool fits = !certificates.empty() && parsed != nullptr &&
                    X509_check_private_key(certificates.front().get(), parsed.get()) == 1;
  ERR_clear_error();
  return fits;
}

}  // namespace srdf::pki
