#include "engine_mariadb/view_order.h"

#include <map>
#include <utility>

#include "engine_mariadb/sql_tokens.h"

namespace srdf::engine_mariadb {

namespace {

using Places = std::map<std::pair<std::string, std::string>, size_t>;

// A name as it is written between back-ticks, without those around it.
std::string Written(const std::string& name) {
  std::string out;
  for (const char c : name) out.append(c == '`' ? 2 : 1, c);
  return out;
}

std::vector<size_t> ViewsRead(const ViewText& view, const Places& places) {
  std::vector<size_t> out;
  Tokens tokens(view.sql);
  Token before;
  for (Token token = tokens.Next(); token.kind != Token::kEnd; before = token, token = tokens.Next()) {
    if (token.kind != Token::kQuotedName || before.kind == Token::kQuotedName || before.IsPunctuation('.') ||
        before.Is("AS")) {
      continue;
    }
    std::pair<std::string, std::string> name(Written(view.database), token.text);
    Tokens ahead = tokens;
    if (ahead.Next().IsPunctuation('.')) name = {std::string(token.text), std::string(ahead.Next().text)};
    if (const auto it = places.find(name); it != places.end()) out.push_back(it->second);
  }
  return out;
}

}  // namespace

std::vector<size_t> OrderOfViews(const std::vector<ViewText>& views) {
  Places places;
  for (size_t i = 0; i < views.size(); ++i) {
    places[{Written(views[i].database), Written(views[i].name)}] = i;
  }
  // Depth first without recursion: views may be stacked deeply.
  std::vector<size_t> order;
  std::vector<bool> begun(views.size());
  for (size_t first = 0; first < views.size(); ++first) {
    std::vector<std::pair<size_t, std::vector<size_t>>> stack;  // view, those it reads that are not looked at
    const auto begin = [&](size_t view) {
      if (begun[view]) return;
      begun[view] = true;
      auto read = ViewsRead(views[view], places);
      stack.emplace_back(view, std::vector<size_t>(read.rbegin(), read.rend()));
    };
    begin(first);
    while (!stack.empty()) {
      if (stack.back().second.empty()) {
        order.push_back(stack.back().first);
        stack.pop_back();
        continue;
      }
      const size_t next = stack.back().second.back();
      stack.back().second.pop_back();
      begin(next);
    }
  }
  return order;
}

}  // namespace srdf::engine_mariadb
