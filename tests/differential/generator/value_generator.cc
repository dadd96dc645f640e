#include "differential/generator/value_generator.h"

#include <array>
#include <cstdio>

namespace srdf::differential {

namespace {

std::string Number(int64_t n) { return std::to_string(n); }

std::string Hex(const std::string& bytes) {
  std::string out = "x'";
  char two[3];
  for (const char c : bytes) {
    std::snprintf(two, sizeof(two), "%02X", static_cast<unsigned char>(c));
    out += two;
  }
  return out + "'";
}

std::string Padded(int64_t n, int width) {
  char text[24];
  std::snprintf(text, sizeof(text), "%0*lld", width, static_cast<long long>(n));
  return text;
}

std::string Min(const ColumnType& type) {
  if (type.is_unsigned) return "0";
  switch (type.size) {
    case 1:
      return "-128";
    case 2:
      return "-32768";
    case 3:
      return "-8388608";
    case 4:
      return "-2147483648";
    default:
      return "-9223372036854775808";
  }
}

std::string Max(const ColumnType& type) {
  switch (type.size) {
    case 1:
      return type.is_unsigned ? "255" : "127";
    case 2:
      return type.is_unsigned ? "65535" : "32767";
    case 3:
      return type.is_unsigned ? "16777215" : "8388607";
    case 4:
      return type.is_unsigned ? "4294967295" : "2147483647";
    default:
      return type.is_unsigned ? "18446744073709551615" : "9223372036854775807";
  }
}

// Words that only an injective encoding of keys keeps apart, then plain ones.
std::string KeyWord(int ordinal) {
  constexpr std::array<const char*, 12> kWords = {"a",    "b", "a.1", "1.b",  "",     "null",
                                                  "a,1b", "0", "ab",  "a''b", "a.1b", "NaN"};
  return ordinal < 12 ? kWords[ordinal] : "k" + Number(ordinal);
}

std::string Spelled(std::string word, const ColumnType& type, Random* random) {
  if (type.ignores_case && random->Chance(40)) {
    for (char& c : word) {
      if (c >= 'a' && c <= 'z' && random->Chance(60)) c = static_cast<char>(c - 'a' + 'A');
    }
  }
  // Trailing spaces do not count for the key, but are stored (VARCHAR) or cut off (CHAR).
  if (type.sql.find("nopad") == std::string::npos && random->Chance(10)) word += " ";
  return "'" + word + "'";
}

std::string KeyBytes(const ColumnType& type, int ordinal) {
  if (!type.padded) {
    switch (ordinal) {
      case 0:
        return "x''";
      case 1:
        return "x'00'";
      case 2:
        return "x'0000'";
      case 3:
        return "x'20'";
      default:
        break;
    }
  }
  std::string bytes(1, static_cast<char>(ordinal * 5 + 1));
  if (ordinal % 3 == 1) bytes += std::string("\0\xFF", 2);
  return Hex(bytes);
}

std::string Moment(int ordinal, int scale) {
  std::string text = "2024-02-" + Padded(1 + ordinal % 29, 2) + " 0" + Number(ordinal / 29) + ":30:00";
  if (scale > 0 && ordinal % 2 == 1) text += "." + std::string(static_cast<size_t>(scale), '9');
  return "'" + text + "'";
}

std::string SomeText(const ColumnType& type, Random* random) {
  // UTF-8 of: e acute, sharp s, y diaeresis; euro; CJK; a snowman; an emoji and a rare ideograph (4 bytes).
  static const std::vector<std::string> kLatin = {"C3A9", "C39F", "C3BF", "E282AC"};
  static const std::vector<std::string> kBasic = {"C3A9", "E282AC", "E4B8AD", "E29883", "EFBFBD"};
  static const std::vector<std::string> kAll = {"F09F9880", "F0A08080", "C3A9", "E4B8AD"};
  const int form = random->Below(8);
  if (form == 0) return "''";
  if (form == 1) return random->Pick({"'a'", "'A'", "'a '", "' a'", "'  '", "'NULL'", "'0'", "'%_'"});
  if (form == 2 && type.charset != "ascii" && type.size >= 6) {
    const auto& pool = type.charset == "latin1"                              ? kLatin
                       : type.charset == "utf8mb3" || type.charset == "ucs2" ? kBasic
                                                                             : kAll;
    std::string hex;
    for (int i = random->Between(1, 6); i > 0; --i) hex += random->Pick(pool);
    return "_utf8mb4 x'" + hex + "'";
  }
  if (form == 3 && type.size >= 60)
    return "repeat('" + random->Pick({"x", "yZ", " q"}) + "'," + Number(random->Between(10, type.size / 2)) +
           ")";
  if (form == 4) return "'quote '' back \\\\ \"'";
  return "'v" + Number(random->Below(1000)) + "'";
}

std::string SomeBytes(const ColumnType& type, Random* random) {
  if (random->Chance(10)) return "''";
  if (type.size > 200 && random->Chance(30)) {
    return "repeat(x'" + random->Pick({"00", "FF0A", "C3"}) + "'," +
           Number(random->Between(10, type.size / 2)) + ")";
  }
  std::string bytes;
  for (int i = random->Between(1, std::min(type.size, 12)); i > 0; --i) {
    bytes += static_cast<char>(random->Chance(40) ? random->Pick(std::vector<int>{0, 255, 39, 92, 10, 32})
                                                  : random->Below(256));
  }
  return Hex(bytes);
}

std::string SomeDecimal(const ColumnType& type, Random* random) {
  const auto nines = [](int n) { return std::string(static_cast<size_t>(n), '9'); };
  const std::string sign = !type.is_unsigned && random->Chance(40) ? "-" : "";
  const int whole = type.size - type.scale;
  switch (random->Below(5)) {
    case 0:
      return "0";
    case 1:
      return sign + (whole > 0 ? nines(whole) : "0") + (type.scale > 0 ? "." + nines(type.scale) : "");
    case 2:
      return type.scale > 0 ? sign + "0." + std::string(static_cast<size_t>(type.scale - 1), '0') + "1" : "1";
    default:
      return sign + Number(random->Below(whole >= 3 ? 900 : 10)) + (type.scale > 0 ? ".5" : "");
  }
}

std::string SomeTemporal(const ColumnType& type, Random* random) {
  std::string fraction;
  if (type.scale > 0) {
    fraction = ".";
    for (int i = 0; i < type.scale; ++i) fraction += static_cast<char>('0' + random->Below(10));
  }
  switch (type.kind) {
    case Kind::kDate:
      return "'" +
             random->Pick({"0000-00-00", "9999-12-31", "1000-01-01", "2024-02-29", "0001-01-01", "2020-00-00",
                           "2020-05-00", "1969-12-31", "2038-01-19"}) +
             "'";
    case Kind::kTime:
      return "'" +
             random->Pick(
                 {"-838:59:59", "838:59:59", "00:00:00", "-00:00:01", "-01:30:00", "23:59:59", "100:00:00"}) +
             (random->Chance(60) ? "" : fraction) + "'";
    case Kind::kDatetime:
      return "'" +
             random->Pick({"0000-00-00 00:00:00", "9999-12-31 23:59:59", "1000-01-01 00:00:00",
                           "2024-02-29 12:00:00", "2020-00-00 00:00:00", "1970-01-01 00:00:00",
                           "2024-03-31 02:30:00"}) +
             (random->Chance(50) ? "" : fraction) + "'";
    case Kind::kTimestamp:
      return "'" +
             random->Pick({"0000-00-00 00:00:00", "2038-01-18 01:14:07", "1971-01-01 00:00:01",
                           "2024-06-15 12:34:56", "2024-10-27 00:30:00"}) +
             "'";
    default:
      return random->Pick({"0", "1901", "2155", "1970", "2024"});
  }
}

std::string SomeGeometry(const std::string& name, Random* random) {
  const auto point = [&] {
    return Number(random->Between(-9, 9)) + " " + Number(random->Below(100)) + ".25";
  };
  const std::string ring = "(0 0,0 9,9 9,9 0,0 0)";
  std::string text;
  if (name == "point" || name == "geometry") {
    text = "POINT(" + point() + ")";
  } else if (name == "linestring") {
    text = "LINESTRING(" + point() + ",20 20," + point() + ")";
  } else if (name == "polygon") {
    text = "POLYGON(" + ring + (random->Chance(50) ? ",(1 1,1 2,2 2,2 1,1 1))" : ")");
  } else if (name == "multipoint") {
    text = "MULTIPOINT(" + point() + "," + point() + ")";
  } else if (name == "multilinestring") {
    text = "MULTILINESTRING((" + point() + ",20 20),(1 1,2 2))";
  } else if (name == "multipolygon") {
    text = "MULTIPOLYGON((" + ring + "))";
  } else {
    text = "GEOMETRYCOLLECTION(POINT(" + point() + "),LINESTRING(0 0," + point() + "))";
  }
  return "ST_GeomFromText('" + text + "'" + (random->Chance(20) ? ",4326)" : ")");
}

std::string SomeInt(const ColumnType& type, Random* random) {
  if (type.plain) return Number(random->Below(1000));
  switch (random->Below(6)) {
    case 0:
      return Min(type);
    case 1:
      return Max(type);
    case 2:
      return "0";
    case 3:
      return type.is_unsigned ? "1" : "-1";
    default:
      return Number(random->Below(100));
  }
}

std::string SomeFloating(const ColumnType& type, Random* random) {
  if (type.kind == Kind::kFloat) {
    return random->Pick({"0", "-0e0", "3.402823466e38", "-3.402823466e38", "1.17549435e-38", "1e-45", "0.1",
                         "16777217", "-2.5", "1e10"});
  }
  return random->Pick({"0", "-0e0", "1.7976931348623157e308", "-1.7976931348623157e308",
                       "2.2250738585072014e-308", "4.9406564584124654e-324", "0.1", "0.30000000000000004",
                       "1e100", "-2.5"});
}

}  // namespace

std::string KeyLiteral(const ColumnType& type, int ordinal, Random* random) {
  switch (type.kind) {
    case Kind::kInt:
      if (type.plain) return Number(ordinal + 1);
      if (ordinal == 3) return Min(type);
      if (ordinal == 5) return Max(type);
      return Number(!type.is_unsigned && ordinal % 4 == 1 ? -ordinal : ordinal + 1);
    case Kind::kDecimal:
      return Number(ordinal) + (type.scale > 0 ? ".5" : "");
    case Kind::kFloat:
    case Kind::kDouble:
      return ordinal == 3       ? "1e-30"
             : ordinal % 2 == 0 ? Number(ordinal) + ".25"
                                : "-" + Number(ordinal) + "e3";
    case Kind::kBit:
      return ordinal == 3 ? "b'" + std::string(static_cast<size_t>(type.size), '1') + "'" : Number(ordinal);
    case Kind::kDate:
      return ordinal == 3 ? "'0000-00-00'"
                          : "'2024-0" + Number(1 + ordinal / 28) + "-" + Padded(1 + ordinal % 28, 2) + "'";
    case Kind::kTime:
      return std::string(ordinal % 2 == 0 ? "'" : "'-") + Padded(ordinal, 2) + ":00:01'";
    case Kind::kDatetime:
      return ordinal == 3 ? "'0000-00-00 00:00:00'" : Moment(ordinal, type.scale);
    case Kind::kTimestamp:
      return Moment(ordinal, type.scale);
    case Kind::kYear:
      return ordinal == 3 ? "0" : Number(1990 + ordinal);
    case Kind::kText:
      return Spelled(KeyWord(ordinal), type, random);
    case Kind::kBytes:
      return KeyBytes(type, ordinal);
    case Kind::kEnum:
      return "'" + type.members[static_cast<size_t>(ordinal * 6) % type.members.size()] + "'";
    case Kind::kUuid:
      return "'123e4567-e89b-12d3-a456-4266141740" + Padded(ordinal, 2) + "'";
    case Kind::kInet4:
      return "'10.0." + Number(ordinal) + ".1'";
    case Kind::kInet6:
      return "'2001:db8::" + Number(ordinal) + "'";
    default:
      return Number(ordinal);
  }
}

std::string SomeLiteral(const ColumnType& type, Random* random) {
  switch (type.kind) {
    case Kind::kInt:
      return SomeInt(type, random);
    case Kind::kDecimal:
      return SomeDecimal(type, random);
    case Kind::kFloat:
    case Kind::kDouble:
      return SomeFloating(type, random);
    case Kind::kBit:
      return random->Chance(20) ? "b'" + std::string(static_cast<size_t>(type.size), '1') + "'"
                                : "b'" + Number(random->Below(2)) + "'";
    case Kind::kDate:
    case Kind::kTime:
    case Kind::kDatetime:
    case Kind::kTimestamp:
    case Kind::kYear:
      return SomeTemporal(type, random);
    case Kind::kText:
      return SomeText(type, random);
    case Kind::kBytes:
      return SomeBytes(type, random);
    case Kind::kEnum:
      return "'" + random->Pick(type.members) + "'";
    case Kind::kSet: {
      std::string text;
      for (const auto& member : type.members) {
        if (random->Chance(30)) text += (text.empty() ? "" : ",") + member;
      }
      return "'" + text + "'";
    }
    case Kind::kJson:
      return random->Pick({"'{}'", "'[]'", "'null'", "'{\"a\": [1, 2.50, \"x\"]}'", "'\"\\\\u00e9\"'",
                           "'{\"b\":1,\"a\":{\"c\":null}}'", "'-0.0'"});
    case Kind::kUuid:
      return random->Pick({"'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
                           "'123e4567-e89b-12d3-a456-426614174000'",
                           "'01890a5d-ac96-774b-bcce-b302099a8057'"});
    case Kind::kInet4:
      return random->Pick({"'0.0.0.0'", "'255.255.255.255'", "'127.0.0.1'", "'10.1.2.3'"});
    case Kind::kInet6:
      return random->Pick({"'::'", "'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'", "'::1'", "'::ffff:192.0.2.1'",
                           "'2001:db8::ff00:42:8329'"});
    case Kind::kGeometry:
      return SomeGeometry(type.members[0], random);
  }
  return "NULL";
}

std::string BentLiteral(const ColumnType& type, Random* random) {
  switch (type.kind) {
    case Kind::kInt:
    case Kind::kDecimal:
      return random->Chance(50) ? "1e70" : "'12abc'";
    case Kind::kEnum:
    case Kind::kSet:
      return "'no such member'";
    case Kind::kDate:
    case Kind::kDatetime:
    case Kind::kTimestamp:
      return "'2023-02-30 25:00:00'";
    case Kind::kTime:
      return "'9999:99:99'";
    case Kind::kText:
      return "repeat(_utf8mb4 x'F09F9880'," + Number(type.size + 10) + ")";
    default:
      return SomeLiteral(type, random);
  }
}

}  // namespace srdf::differential
