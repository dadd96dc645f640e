#include "engine_mariadb/gtid_position.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace srdf::engine_mariadb {

namespace {

Status Malformed(std::string_view text, std::string_view why) {
  return {StatusCode::kInvalidArgument,
          fmt::format("\"{}\" is not a MariaDB GTID position: {}", text.substr(0, 200), why),
          "expected domain-server-sequence, several joined by commas"};
}

template <typename T>
bool TakeNumber(std::string_view* in, T* out) {
  if (in->empty() || in->front() < '0' || in->front() > '9') return false;
  const auto [end, error] = std::from_chars(in->data(), in->data() + in->size(), *out);
  if (error != std::errc()) return false;
  in->remove_prefix(static_cast<size_t>(end - in->data()));
  return true;
}

bool TakeDash(std::string_view* in) {
  if (in->empty() || in->front() != '-') return false;
  in->remove_prefix(1);
  return true;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

bool DomainLess(const Gtid& gtid, uint32_t domain) { return gtid.domain < domain; }

}  // namespace

std::string Gtid::ToString() const { return fmt::format("{}-{}-{}", domain, server, sequence); }

Result<std::vector<Gtid>> ParseGtidList(std::string_view text) {
  std::vector<Gtid> out;
  if (Trim(text).empty()) return out;
  for (std::string_view rest = text;;) {
    const size_t comma = rest.find(',');
    std::string_view part = Trim(rest.substr(0, comma));
    Gtid gtid;
    if (!TakeNumber(&part, &gtid.domain) || !TakeDash(&part) || !TakeNumber(&part, &gtid.server) ||
        !TakeDash(&part) || !TakeNumber(&part, &gtid.sequence)) {
      return Malformed(text, "a part is not three numbers joined by dashes");
    }
    if (!part.empty()) return Malformed(text, "characters after the sequence number");
    out.push_back(gtid);
    if (comma == std::string_view::npos) return out;
    rest.remove_prefix(comma + 1);
  }
}

Result<GtidPosition> GtidPosition::Parse(std::string_view text) {
  SRDF_ASSIGN_OR_RETURN(std::vector<Gtid> list, ParseGtidList(text));
  GtidPosition position;
  for (const Gtid& gtid : list) {
    if (position.Find(gtid.domain) != nullptr) return Malformed(text, "a domain occurs twice");
    position.Advance(gtid);
  }
  return position;
}

const Gtid* GtidPosition::Find(uint32_t domain) const {
  const auto it = std::lower_bound(entries_.begin(), entries_.end(), domain, DomainLess);
  return it != entries_.end() && it->domain == domain ? &*it : nullptr;
}

void GtidPosition::Advance(const Gtid& gtid) {
  const auto it = std::lower_bound(entries_.begin(), entries_.end(), gtid.domain, DomainLess);
  if (it != entries_.end() && it->domain == gtid.domain) {
    *it = gtid;
  } else {
    entries_.insert(it, gtid);
  }
}

std::string GtidPosition::ToString() const {
  std::string out;
  for (const Gtid& gtid : entries_) {
    if (!out.empty()) out.push_back(',');
    fmt::format_to(std::back_inserter(out), "{}-{}-{}", gtid.domain, gtid.server, gtid.sequence);
  }
  return out;
}

bool GtidPosition::Contains(const GtidPosition& other) const { return Missing(other).empty(); }

std::string GtidPosition::Missing(const GtidPosition& wanted) const {
  std::string out;
  for (const Gtid& want : wanted.entries_) {
    const Gtid* have = Find(want.domain);
    if (have != nullptr && have->sequence >= want.sequence) continue;
    if (!out.empty()) out += "; ";
    out += fmt::format("domain {}: wanted {}, the server has {}", want.domain, want.ToString(),
                       have == nullptr ? "nothing" : have->ToString());
  }
  return out;
}

}  // namespace srdf::engine_mariadb
