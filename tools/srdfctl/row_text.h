// Keys and rows in words, and back: what verify and repair print, and what an operator writes as a range.
// Pure.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "model/schema.h"

namespace srdf::ctl {

// "id=5", "shop=2, code=\"a\""; hexadecimal digits when the key does not fit the schema.
std::string KeyText(const TableSchema& schema, ByteView key);
// {"id":5,"text":"…"}; hexadecimal digits when the image does not fit.
std::string RowText(const TableSchema& schema, ByteView image);

// Digits of Hex back into bytes. kInvalidArgument.
Result<std::string> FromHex(std::string_view digits);

// The image of a key from what an operator writes: values with commas between them, of integers and short
// strings; or 0x and the image itself, as reports have it; empty of an empty text. kInvalidArgument, with the
// remedy.
Result<std::string> KeyOfText(const TableSchema& schema, const std::string& text);

// The range ends before it begins. Only of keys of one integer: others have an order that the server knows.
bool IsReversed(const TableSchema& schema, const std::string& from, const std::string& to);

}  // namespace srdf::ctl
