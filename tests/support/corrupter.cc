#include "support/corrupter.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>

#include "support/vault.h"

namespace srdf::test {

namespace {

constexpr int kTries = 1000;

}  // namespace

const char* CorruptionName(CorruptionKind kind) {
  static constexpr std::array<const char*, kCorruptionKinds> kNames = {"missing row",
                                                                       "extra row",
                                                                       "changed number",
                                                                       "one bit of a blob",
                                                                       "last bit of a FLOAT",
                                                                       "last bit of a DOUBLE",
                                                                       "last digit of a DECIMAL",
                                                                       "trailing space",
                                                                       "case",
                                                                       "case of a key",
                                                                       "NULL against empty",
                                                                       "JSON spelling",
                                                                       "microsecond",
                                                                       "missing copy",
                                                                       "extra copy",
                                                                       "swapped values"};
  return kNames[static_cast<size_t>(kind)];
}

Result<std::vector<Corruption>> Corrupter::Corrupt(int count) {
  SRDF_RETURN_IF_ERROR(connection_->Execute("SET sql_log_bin=0, sql_mode='STRICT_ALL_TABLES'"));
  std::vector<Corruption> done;
  for (int i = 0; i < count; ++i) {
    const auto kind = static_cast<CorruptionKind>(i % kCorruptionKinds);
    auto corruption = One(kind);
    if (!corruption.ok()) return corruption.status().WithContext(CorruptionName(kind));
    corruption->what = fmt::format("{} in vault.{}, row {}", CorruptionName(kind), corruption->table,
                                   corruption->numbers.front());
    done.push_back(std::move(*corruption));
  }
  return done;
}

Result<Corruption> Corrupter::One(CorruptionKind kind) {
  switch (kind) {
    case CorruptionKind::kMissingRow:
      return Missing();
    case CorruptionKind::kExtraRow:
      return Extra();
    case CorruptionKind::kChangedNumber:
      return Change(kind, "prices", "changes = changes + 1");
    case CorruptionKind::kBlobBit:
      return BlobBit();
    case CorruptionKind::kFloatLastBit:
    case CorruptionKind::kDoubleLastBit:
      return LastBit(kind);
    case CorruptionKind::kDecimalLastDigit:
      return Change(kind, "accounts", "balance = balance + 0.0001");
    case CorruptionKind::kTrailingSpace:
      return Change(kind, "accounts", "note = CONCAT(note, ' ')");
    case CorruptionKind::kCase:
      return Change(kind, "accounts",
                    "note = IF(BINARY note = BINARY UPPER(note), LOWER(note), UPPER(note))");
    case CorruptionKind::kKeyCase:
      return Change(kind, "words",
                    "word = IF(BINARY word LIKE BINARY 'w%', CONCAT('W', SUBSTR(word, 2)), CONCAT('w', "
                    "SUBSTR(word, 2)))");
    case CorruptionKind::kNullAgainstEmpty:
      return Change(kind, "accounts", "name = IF(name IS NULL, '', NULL)", "(name IS NULL OR name = '')");
    case CorruptionKind::kJsonSpelling:
      return Change(kind, "files", "meta = REPLACE(meta, ': ', ':')");
    case CorruptionKind::kMicrosecond:
      return Change(kind, "accounts", "seen = seen + INTERVAL 1 MICROSECOND");
    case CorruptionKind::kKeylessMissing:
    case CorruptionKind::kKeylessExtra:
      return KeylessCopy(kind);
    case CorruptionKind::kKeylessSwap:
      return KeylessSwap();
  }
  return Status(StatusCode::kInternal, "no such kind");
}

Result<uint64_t> Corrupter::Fresh(const std::string& table) {
  for (int i = 0; i < kTries; ++i) {
    const uint64_t number = std::uniform_int_distribution<uint64_t>(1, last_ / 2)(random_) * 2;
    if (used_[table].insert(number).second) return number;
  }
  return Status(StatusCode::kResourceExhausted, "vault." + table + " has too few rows");
}

// Rows that the statement finds, changed or not.
Status Corrupter::ExecuteOne(const std::string& sql) {
  SRDF_RETURN_IF_ERROR(connection_->Execute(sql));
  SRDF_ASSIGN_OR_RETURN(const std::string found, connection_->QueryValue("SELECT ROW_COUNT()"));
  if (found == "1") return {};
  return {StatusCode::kNotFound, found + " rows were found by: " + sql.substr(0, 200)};
}

// Rows that it is not for are passed over.
Result<Corruption> Corrupter::Change(CorruptionKind kind, const std::string& table,
                                     const std::string& assignment, const std::string& only) {
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const uint64_t number, Fresh(table));
    const Status changed = ExecuteOne(fmt::format("UPDATE vault.{} SET {} WHERE {} AND {}", table, assignment,
                                                  VaultMatch(table, number), only));
    if (changed.ok()) return Corruption{kind, table, {number}, {}};
    if (changed.code() != StatusCode::kNotFound) return changed;
  }
}

Result<Corruption> Corrupter::Missing() {
  static constexpr const char* kKeyed[] = {"accounts", "prices", "words", "files"};
  const std::string table = kKeyed[random_() % 4];
  SRDF_ASSIGN_OR_RETURN(const uint64_t number, Fresh(table));
  SRDF_RETURN_IF_ERROR(
      ExecuteOne(fmt::format("DELETE FROM vault.{} WHERE {}", table, VaultMatch(table, number))));
  return Corruption{CorruptionKind::kMissingRow, table, {number}, {}};
}

Result<Corruption> Corrupter::Extra() {
  static constexpr const char* kKeyed[] = {"accounts", "prices", "words", "files"};
  const std::string table = kKeyed[random_() % 4];
  const uint64_t number = next_free_;
  next_free_ += 2;
  SRDF_RETURN_IF_ERROR(ExecuteOne(fmt::format("INSERT INTO vault.{} ({}) VALUES {}", table,
                                              VaultColumns(table), VaultRow(table, number, &random_))));
  return Corruption{CorruptionKind::kExtraRow, table, {number}, {}};
}

Result<Corruption> Corrupter::BlobBit() {
  SRDF_ASSIGN_OR_RETURN(const uint64_t number, Fresh("files"));
  const std::string match = VaultMatch("files", number);
  SRDF_ASSIGN_OR_RETURN(std::string hex,
                        connection_->QueryValue("SELECT HEX(body) FROM vault.files WHERE " + match));
  const size_t at = random_() % hex.size();
  const int digit = hex[at] <= '9' ? hex[at] - '0' : hex[at] - 'A' + 10;
  hex[at] = "0123456789ABCDEF"[digit ^ 1 << random_() % 4];
  SRDF_RETURN_IF_ERROR(ExecuteOne(fmt::format("UPDATE vault.files SET body = x'{}' WHERE {}", hex, match)));
  return Corruption{CorruptionKind::kBlobBit, "files", {number}, {}};
}

Result<Corruption> Corrupter::LastBit(CorruptionKind kind) {
  SRDF_ASSIGN_OR_RETURN(const uint64_t number, Fresh("accounts"));
  const std::string match = VaultMatch("accounts", number);
  const bool is_float = kind == CorruptionKind::kFloatLastBit;
  // As a DOUBLE the server prints every digit that counts, of a FLOAT it does not.
  SRDF_ASSIGN_OR_RETURN(const std::string text,
                        connection_->QueryValue(fmt::format("SELECT {} FROM vault.accounts WHERE {}",
                                                            is_float ? "weight + 0e0" : "ratio", match)));
  const double value = std::strtod(text.c_str(), nullptr);
  const double next = is_float ? std::nextafterf(static_cast<float>(value), INFINITY)
                               : std::nextafter(value, static_cast<double>(INFINITY));
  SRDF_RETURN_IF_ERROR(ExecuteOne(fmt::format("UPDATE vault.accounts SET {} = {:.17e} WHERE {}",
                                              is_float ? "weight" : "ratio", next, match)));
  return Corruption{kind, "accounts", {number}, {}};
}

Result<Corruption> Corrupter::KeylessCopy(CorruptionKind kind) {
  SRDF_ASSIGN_OR_RETURN(const uint64_t number, Fresh("readings"));
  const std::string match = VaultMatch("readings", number);
  SRDF_RETURN_IF_ERROR(ExecuteOne(kind == CorruptionKind::kKeylessMissing
                                      ? "DELETE FROM vault.readings WHERE " + match + " LIMIT 1"
                                      : "INSERT INTO vault.readings SELECT * FROM vault.readings WHERE " +
                                            match + " LIMIT 1"));
  return Corruption{kind, "readings", {number}, {}};
}

// One copy of each of two rows: every column is there as often as before, and so is every number.
Result<Corruption> Corrupter::KeylessSwap() {
  SRDF_ASSIGN_OR_RETURN(const uint64_t one, Fresh("readings"));
  SRDF_ASSIGN_OR_RETURN(const uint64_t other, Fresh("readings"));
  const auto raw_of = [&](uint64_t number) {
    return connection_->QueryValue("SELECT raw + 0e0 FROM vault.readings WHERE " +
                                   VaultMatch("readings", number));
  };
  SRDF_ASSIGN_OR_RETURN(const std::string raw_one, raw_of(one));
  SRDF_ASSIGN_OR_RETURN(const std::string raw_other, raw_of(other));
  for (const auto& [number, raw] : {std::pair(one, raw_other), std::pair(other, raw_one)}) {
    SRDF_RETURN_IF_ERROR(
        ExecuteOne(fmt::format("UPDATE vault.readings SET raw = {:.17e} WHERE {} LIMIT 1",
                               std::strtod(raw.c_str(), nullptr), VaultMatch("readings", number))));
  }
  return Corruption{CorruptionKind::kKeylessSwap, "readings", {one, other}, {}};
}

}  // namespace srdf::test
