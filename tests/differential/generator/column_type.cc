#include "differential/generator/column_type.h"

namespace srdf::differential {

namespace {

std::string Number(int n) { return std::to_string(n); }

ColumnType Int(Random* random) {
  struct {
    const char* name;
    int bytes;
  } constexpr kSizes[] = {{"tinyint", 1}, {"smallint", 2}, {"mediumint", 3}, {"int", 4}, {"bigint", 8}};
  const auto& size = kSizes[random->Below(5)];
  ColumnType type;
  type.size = size.bytes;
  type.is_unsigned = random->Chance(35);
  type.sql = std::string(size.name) + (random->Chance(15) ? "(3)" : "") +
             (!type.is_unsigned    ? ""
              : random->Chance(25) ? " zerofill"
                                   : " unsigned");
  return type;
}

ColumnType Decimal(Random* random) {
  ColumnType type;
  type.kind = Kind::kDecimal;
  switch (random->Below(5)) {
    case 0:
      type.size = 65, type.scale = 38;
      break;
    case 1:
      type.size = 65, type.scale = 0;
      break;
    case 2:
      type.size = 18, type.scale = 9;
      break;
    default:
      type.size = random->Between(5, 30);
      type.scale = random->Between(1, type.size - 3);
  }
  type.is_unsigned = random->Chance(20);
  type.sql =
      "decimal(" + Number(type.size) + "," + Number(type.scale) + ")" + (type.is_unsigned ? " unsigned" : "");
  return type;
}

ColumnType Floating(Random* random) {
  ColumnType type;
  type.kind = random->Chance(50) ? Kind::kFloat : Kind::kDouble;
  type.sql = type.kind == Kind::kFloat ? "float" : "double";
  return type;
}

ColumnType Bit(Random* random, int from) {
  ColumnType type;
  type.kind = Kind::kBit;
  type.size = random->Chance(30) ? 64 : random->Between(from, 64);
  type.sql = "bit(" + Number(type.size) + ")";
  return type;
}

ColumnType Temporal(Random* random) {
  ColumnType type;
  type.scale = random->Chance(40) ? 0 : random->Between(1, 6);
  const std::string fraction = type.scale == 0 ? "" : "(" + Number(type.scale) + ")";
  switch (random->Below(5)) {
    case 0:
      type.kind = Kind::kDate, type.sql = "date", type.scale = 0;
      break;
    case 1:
      type.kind = Kind::kTime, type.sql = "time" + fraction;
      break;
    case 2:
      type.kind = Kind::kDatetime, type.sql = "datetime" + fraction;
      break;
    case 3:
      type.kind = Kind::kTimestamp, type.sql = "timestamp" + fraction;
      break;
    default:
      type.kind = Kind::kYear, type.sql = "year", type.scale = 0;
  }
  return type;
}

ColumnType Text(Random* random, bool for_key) {
  struct Collation {
    const char* charset;
    const char* name;
    bool ignores_case;
  };
  constexpr Collation kCollations[] = {
      {"latin1", "latin1_swedish_ci", true},   {"latin1", "latin1_bin", false},
      {"utf8mb3", "utf8mb3_general_ci", true}, {"utf8mb3", "utf8mb3_bin", false},
      {"utf8mb4", "utf8mb4_general_ci", true}, {"utf8mb4", "utf8mb4_bin", false},
      {"utf8mb4", "utf8mb4_unicode_ci", true}, {"utf8mb4", "utf8mb4_uca1400_ai_ci", true},
      {"ucs2", "ucs2_general_ci", true},       {"utf16", "utf16_bin", false},
      {"utf32", "utf32_general_ci", true},     {"ascii", "ascii_general_ci", true},
      {"utf8mb4", "utf8mb4_nopad_bin", false},
  };
  const auto& collation = kCollations[random->Below(13)];
  ColumnType type;
  type.kind = Kind::kText;
  type.charset = collation.charset;
  type.ignores_case = collation.ignores_case;
  std::string name;
  const int form = random->Below(for_key ? 5 : 9);
  type.size = form == 0 ? random->Between(12, 60) : random->Pick(std::vector<int>{12, 20, 40, 64, 100});
  if (form == 0) {
    name = "char(" + Number(type.size) + ")";
  } else if (form == 1 && !for_key) {
    type.size = random->Between(100, 255);  // over 255 bytes in most character sets: a length of its own
    name = "char(" + Number(type.size) + ")";
  } else if (form < 5) {
    if (!for_key && random->Chance(30)) type.size = 700;
    name = "varchar(" + Number(type.size) + ")";
    if (!for_key && random->Chance(20)) name += " compressed";
  } else {
    type.size = 255 / 4;
    type.large = true;
    name = random->Pick({"tinytext", "text", "mediumtext", "longtext"});
    if (name == "text" && random->Chance(30)) name += " compressed";
    if (name != "tinytext" && random->Chance(40)) type.size = 3000;
  }
  type.sql = name + " character set " + collation.charset + " collate " + collation.name;
  return type;
}

ColumnType Bytes(Random* random, bool for_key) {
  ColumnType type;
  type.kind = Kind::kBytes;
  const int form = random->Below(for_key ? 3 : 7);
  type.size = random->Pick(std::vector<int>{4, 8, 16, 40});
  if (form == 0) {
    type.padded = true;
    type.sql = "binary(" + Number(type.size) + ")";
  } else if (form < 3) {
    if (!for_key && random->Chance(40)) type.size = 600;
    type.sql = "varbinary(" + Number(type.size) + ")";
    if (!for_key && random->Chance(20)) type.sql += " compressed";
  } else {
    type.large = true;
    type.sql = random->Pick({"tinyblob", "blob", "mediumblob", "longblob"});
    type.size = type.sql == "tinyblob" ? 255 : 5000;
    if (type.sql == "blob" && random->Chance(30)) type.sql += " compressed";
  }
  return type;
}

ColumnType Enumeration(Random* random, bool many) {
  ColumnType type;
  type.kind = Kind::kEnum;
  const int count = many ? 300 : random->Between(1, 12);
  for (int i = 0; i < count; ++i) type.members.push_back("e" + Number(i));
  if (random->Chance(20)) type.charset = "latin1";
  type.sql = "enum(";
  for (int i = 0; i < count; ++i) type.sql += (i == 0 ? "'" : ",'") + type.members[i] + "'";
  type.sql += type.charset.empty() ? ")" : ") character set latin1";
  return type;
}

ColumnType Set(Random* random) {
  ColumnType type;
  type.kind = Kind::kSet;
  const int count = random->Chance(30) ? 64 : random->Between(1, 20);
  type.sql = "set(";
  for (int i = 0; i < count; ++i) {
    type.members.push_back("s" + Number(i));
    type.sql += (i == 0 ? "'" : ",'") + type.members.back() + "'";
  }
  type.sql += ")";
  return type;
}

ColumnType Simple(Kind kind, std::string sql) {
  ColumnType type;
  type.kind = kind;
  type.sql = std::move(sql);
  return type;
}

ColumnType Geometry(Random* random) {
  ColumnType type =
      Simple(Kind::kGeometry, random->Pick({"geometry", "point", "linestring", "polygon", "multipoint",
                                            "multilinestring", "multipolygon", "geometrycollection"}));
  type.members.push_back(type.sql);
  return type;
}

}  // namespace

ColumnType PlainInt() {
  ColumnType type;
  type.plain = true;
  return type;
}

ColumnType HashedText(Random* random) {
  ColumnType type;
  type.kind = Kind::kText;
  type.size = 1000;
  type.large = true;
  type.charset = "utf8mb4";
  type.ignores_case = random->Chance(50);
  type.sql = std::string("text character set utf8mb4 collate ") +
             (type.ignores_case ? "utf8mb4_general_ci" : "utf8mb4_bin");
  return type;
}

ColumnType SomeKeyType(Random* random, const Features& features) {
  if (features.Has(Feature::kTextKeys) && random->Chance(45)) return Text(random, true);
  if (features.Has(Feature::kBinaryKeys) && random->Chance(45)) return Bytes(random, true);
  if (features.Has(Feature::kTemporalKeys) && random->Chance(45)) return Temporal(random);
  if (features.Has(Feature::kOddKeys) && random->Chance(45)) {
    switch (random->Below(6)) {
      case 0:
        return Decimal(random);
      case 1:
        return Bit(random, 8);
      case 2:
        return Enumeration(random, true);
      case 3:
        return Simple(Kind::kUuid, "uuid");
      case 4:
        return random->Chance(50) ? Simple(Kind::kInet6, "inet6") : Simple(Kind::kInet4, "inet4");
      default:
        return Floating(random);
    }
  }
  return random->Chance(50) ? PlainInt() : Int(random);
}

ColumnType SomeColumnType(Random* random, const Features& features) {
  if (!features.Has(Feature::kWideTypes)) {
    if (random->Chance(50)) return Int(random);
    ColumnType type;
    type.kind = Kind::kText;
    type.size = 40;
    type.charset = "utf8mb4";
    type.ignores_case = true;
    type.sql = "varchar(40) character set utf8mb4 collate utf8mb4_general_ci";
    return type;
  }
  switch (random->Below(17)) {
    case 0:
    case 1:
      return Int(random);
    case 2:
      return Decimal(random);
    case 3:
      return Floating(random);
    case 4:
      return Bit(random, 1);
    case 5:
    case 6:
    case 7:
      return Temporal(random);
    case 8:
    case 9:
    case 10:
      return Text(random, false);
    case 11:
      return Bytes(random, false);
    case 12:
      return random->Chance(60) ? Enumeration(random, random->Chance(30)) : Set(random);
    case 13:
      return Simple(Kind::kJson, "json");
    case 14:
      return Geometry(random);
    case 15:
      return Simple(Kind::kUuid, "uuid");
    default:
      return random->Chance(50) ? Simple(Kind::kInet6, "inet6") : Simple(Kind::kInet4, "inet4");
  }
}

}  // namespace srdf::differential
