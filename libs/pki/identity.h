// Identity: the name a process has in its mesh, as a URI in its certificate's subject alternative names.
//
//   srdf://MESH/service/shipper      one of the six services
//   srdf://MESH/role/operator        a person's tool: operator steers, viewer looks
//
// The form follows SPIFFE's idea (a workload is known by a URI, not by the host it happens to run on) with a
// scheme of its own: https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md.
//
// Thread rules: plain values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace srdf::pki {

enum class IdentityKind { kService, kRole };

inline constexpr std::string_view kOperator = "operator";
inline constexpr std::string_view kViewer = "viewer";

struct Identity {
  std::string mesh;
  IdentityKind kind = IdentityKind::kService;
  std::string name;  // capture … orchestrator; operator, viewer

  std::string ToUri() const;
  bool operator==(const Identity&) const = default;
};

// Nothing for any other text: another scheme, empty or further parts, characters that no name has.
std::optional<Identity> ParseIdentity(std::string_view uri);

// The one identity among a certificate's URIs; nothing when there is none, or more than one.
std::optional<Identity> IdentityAmong(const std::vector<std::string>& uris);

// The identity that goes with a file name of the security directory: "operator" and "viewer" are roles, all
// others services.
Identity IdentityNamed(const std::string& mesh, const std::string& name);

}  // namespace srdf::pki
