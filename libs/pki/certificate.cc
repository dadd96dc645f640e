#include "pki/certificate.h"

#include <arpa/inet.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/pem.h>

#include <array>
#include <ctime>

#include "pki/openssl_handles.h"

namespace srdf::pki {

namespace {

int64_t ToMs(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<int64_t>(::timegm(&parts)) * 1000 : 0;
}

std::string OneLine(const X509_NAME* name) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<size_t>(size)};
}

std::string Text(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<size_t>(ASN1_STRING_length(string))};
}

std::string AddressText(const ASN1_STRING* octets) {
  const int size = ASN1_STRING_length(octets);
  if (size != 4 && size != 16) return "?";
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(octets), text.data(), text.size());
  return text.data();
}

void ReadNames(X509* certificate, Certificate* out) {
  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_URI) out->uris.push_back(Text(name->d.uniformResourceIdentifier));
    if (name->type == GEN_DNS) out->hosts.push_back(Text(name->d.dNSName));
    if (name->type == GEN_IPADD) out->hosts.push_back(AddressText(name->d.iPAddress));
  }
}

std::string Fingerprint(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

}  // namespace

std::vector<X509Ptr> ParsePem(std::string_view pem) {
  std::vector<X509Ptr> certificates;
  const BioPtr in = BioOver(pem);
  while (X509* certificate = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(certificate);
  }
  ERR_clear_error();
  return certificates;
}

KeyPtr ParseKey(std::string_view pem) {
  // Without a callback OpenSSL would ask at the terminal.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  const BioPtr in = BioOver(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return key;
}

Result<std::vector<Certificate>> ReadCertificates(std::string_view pem) {
  std::vector<Certificate> certificates;
  for (const X509Ptr& parsed : ParsePem(pem)) {
    Certificate certificate;
    certificate.subject = OneLine(X509_get_subject_name(parsed.get()));
    certificate.issuer = OneLine(X509_get_issuer_name(parsed.get()));
    certificate.not_before_ms = ToMs(X509_get0_notBefore(parsed.get()));
    certificate.not_after_ms = ToMs(X509_get0_notAfter(parsed.get()));
    certificate.fingerprint = Fingerprint(parsed.get());
    certificate.is_authority = X509_check_ca(parsed.get()) != 0;
    ReadNames(parsed.get(), &certificate);
    certificates.push_back(std::move(certificate));
  }
  if (certificates.empty())
    return Status(StatusCode::kInvalidArgument, "there is no certificate in PEM form in it");
  return certificates;
}

std::string TimeText(int64_t ms) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(ms / 1000)));
}

}  // namespace srdf::pki
