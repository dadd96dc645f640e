#include "engine_mysql/gtid_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "engine_mysql/serialized_message.h"

namespace srdf::engine_mysql {

namespace {

constexpr size_t kUuidTextBytes = 36;

Status NotASet(std::string_view text, std::string_view why) {
  return {
      StatusCode::kInvalidArgument,
      fmt::format("\"{}\" is not a MySQL GTID set: {}", text.substr(0, 200), why),
      "expected uuid:first-last, as in 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7, several joined by commas"};
}

Status Malformed(std::string_view why) {
  return {StatusCode::kDataLoss, fmt::format("malformed GTID set in the binlog: {}", why)};
}

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int HexDigit(char c) {
  c = Lower(c);
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool ParseUuid(std::string_view text, std::array<uint8_t, 16>* out) {
  if (text.size() != kUuidTextBytes) return false;
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return false;
      continue;
    }
    const int digit = HexDigit(text[i]);
    if (digit < 0) return false;
    uint8_t& byte = (*out)[digits++ / 2];
    byte = static_cast<uint8_t>(byte << 4 | digit);
  }
  return true;
}

bool TakeNumber(std::string_view* in, uint64_t* out) {
  if (in->empty() || in->front() < '0' || in->front() > '9') return false;
  const auto [end, error] = std::from_chars(in->data(), in->data() + in->size(), *out);
  if (error != std::errc() || *out == 0 || *out > kGtidSequenceMax) return false;
  in->remove_prefix(static_cast<size_t>(end - in->data()));
  return true;
}

}  // namespace

bool IsGtidTag(std::string_view text) {
  const auto start = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !text.empty() && text.size() <= kGtidTagBytesMax && start(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return start(c) || (c >= '0' && c <= '9'); });
}

std::string GtidOrigin::UuidText() const {
  std::string out;
  for (size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    fmt::format_to(std::back_inserter(out), "{:02x}", uuid[i]);
  }
  return out;
}

std::string Gtid::ToString() const {
  return origin.UuidText() + (origin.tag.empty() ? "" : ":" + origin.tag) + ":" + std::to_string(sequence);
}

Result<GtidSet> GtidSet::Parse(std::string_view text) {
  GtidSet set;
  if (Trim(text).empty()) return set;
  for (std::string_view rest = text;;) {
    const size_t comma = rest.find(',');
    std::string_view part = Trim(rest.substr(0, comma));
    GtidOrigin origin;
    if (!ParseUuid(part.substr(0, kUuidTextBytes), &origin.uuid)) {
      return NotASet(text, "a part does not begin with a UUID");
    }
    part.remove_prefix(kUuidTextBytes);
    if (part.empty()) return NotASet(text, "no numbers after a UUID");
    bool tag_open = false;
    while (!part.empty()) {
      if (part.front() != ':') return NotASet(text, "numbers are joined by colons");
      part.remove_prefix(1);
      const std::string_view item = Trim(part.substr(0, part.find(':')));
      std::string tag(item);
      std::transform(tag.begin(), tag.end(), tag.begin(), Lower);
      if (IsGtidTag(tag)) {
        origin.tag = tag;
        tag_open = true;
      } else {
        std::string_view number = item;
        uint64_t first = 0;
        if (!TakeNumber(&number, &first)) return NotASet(text, "numbers are positive and below 2^63 - 1");
        uint64_t last = first;
        if (!number.empty()) {
          if (number.front() != '-') return NotASet(text, "an interval is first-last");
          number.remove_prefix(1);
          if (!TakeNumber(&number, &last) || !number.empty() || last < first)
            return NotASet(text, "an interval is first-last");
        }
        set.Add(origin, first, last);
        tag_open = false;
      }
      part.remove_prefix(std::min(part.size(), part.find(':')));
    }
    if (tag_open) return NotASet(text, "no numbers after a tag");
    if (comma == std::string_view::npos) return set;
    rest.remove_prefix(comma + 1);
  }
}

Result<GtidSet> GtidSet::Decode(ByteView binary) {
  ByteReader r(binary);
  uint64_t count = r.U64();
  const bool tagged = (count >> 56) == 1;
  if (!tagged && (count >> 56) != 0) return Malformed("its format is not known to this version");
  if (tagged) count = count >> 8 & 0xffff'ffff'ffff;
  GtidSet set;
  for (uint64_t i = 0; i < count && r.ok(); ++i) {
    GtidOrigin origin;
    const ByteView uuid = r.Raw(origin.uuid.size());
    if (!r.ok()) break;
    std::copy(uuid.begin(), uuid.end(), origin.uuid.begin());
    if (tagged) {
      origin.tag = std::string(r.Raw(ReadSerializedUnsigned(&r)));
      if (!origin.tag.empty() && !IsGtidTag(origin.tag)) return Malformed("a tag");
    }
    const uint64_t intervals = r.U64();
    uint64_t previous_end = 0;
    for (uint64_t k = 0; k < intervals && r.ok(); ++k) {
      const uint64_t first = r.U64();
      const uint64_t end = r.U64();
      if (!r.ok()) break;
      if (first <= previous_end || end <= first || end > INT64_MAX) return Malformed("an interval");
      set.Add(origin, first, end - 1);
      previous_end = end;
    }
  }
  if (!r.ok() || !r.AtEnd()) return Malformed("its length");
  return set;
}

bool GtidSet::Contains(const Gtid& gtid) const {
  const auto it = origins_.find(gtid.origin);
  return it != origins_.end() && std::any_of(it->second.begin(), it->second.end(), [&](const Interval& i) {
           return i.first <= gtid.sequence && gtid.sequence <= i.last;
         });
}

void GtidSet::Add(const GtidOrigin& origin, uint64_t first, uint64_t last) {
  std::vector<Interval>& intervals = origins_[origin];
  // The first interval that touches or follows the new one; those that touch it are swallowed.
  auto at = std::lower_bound(intervals.begin(), intervals.end(), first,
                             [](const Interval& i, uint64_t v) { return i.last + 1 < v; });
  auto end = at;
  for (; end != intervals.end() && end->first <= last + 1; ++end) {
    first = std::min(first, end->first);
    last = std::max(last, end->last);
  }
  at = intervals.erase(at, end);
  intervals.insert(at, Interval{first, last});
}

std::string GtidSet::ToString() const {
  std::string out;
  const GtidOrigin* before = nullptr;
  for (const auto& [origin, intervals] : origins_) {
    if (before == nullptr || before->uuid != origin.uuid) {
      if (before != nullptr) out.push_back(',');
      out += origin.UuidText();
    }
    if (!origin.tag.empty()) out += ":" + origin.tag;
    for (const Interval& i : intervals) {
      fmt::format_to(std::back_inserter(out), ":{}", i.first);
      if (i.last != i.first) fmt::format_to(std::back_inserter(out), "-{}", i.last);
    }
    before = &origin;
  }
  return out;
}

}  // namespace srdf::engine_mysql
