#include "failpoint/failpoint_plan.h"

#include <cstdlib>

namespace srdf::failpoint {

namespace {

constexpr std::string_view kCrash = "crash";

Status NotUnderstood(std::string_view word) {
  return {
      StatusCode::kInvalidArgument, "SRDF_FAILPOINTS: " + std::string(word) + " is not understood",
      "NAME=crash, NAME=crash@3 (third pass) or NAME=crash%2.5 (2.5 % of the passes), separated by commas"};
}

std::string AllNames() {
  std::string names;
  for (const std::string_view name : kNames) names += (names.empty() ? "" : ", ") + std::string(name);
  return names;
}

}  // namespace

Result<Plan::Order> Plan::ParseOrder(std::string_view word) {
  const size_t eq = word.find('=');
  const std::string_view what = word.substr(eq + 1);
  if (what.substr(0, kCrash.size()) != kCrash) return NotUnderstood(word);
  Order order;
  if (what.size() == kCrash.size()) {
    order.at_pass = 1;
    return order;
  }
  const std::string number(what.substr(kCrash.size() + 1));
  char* end = nullptr;
  if (what[kCrash.size()] == '@') {
    order.at_pass = std::strtoull(number.c_str(), &end, 10);
    if (number.empty() || number[0] < '0' || number[0] > '9' || *end != '\0' || order.at_pass == 0) {
      return NotUnderstood(word);
    }
    return order;
  }
  order.chance = std::strtod(number.c_str(), &end) / 100;
  if (what[kCrash.size()] != '%' || number.empty() || *end != '\0' || !(order.chance >= 0) ||
      order.chance > 1) {
    return NotUnderstood(word);
  }
  return order;
}

Result<Plan> Plan::Parse(std::string_view text, uint64_t seed) {
  Plan plan;
  plan.random_.seed(seed);
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
    const size_t eq = word.find('=');
    if (eq == std::string_view::npos) return NotUnderstood(word);
    const std::string_view name = word.substr(0, eq);
    const size_t index = IndexOf(name);
    if (name != "*" && index == kCount) {
      return Status(StatusCode::kInvalidArgument,
                    "SRDF_FAILPOINTS: there is no failure point " + std::string(name),
                    "the failure points are: " + AllNames());
    }
    SRDF_ASSIGN_OR_RETURN(const Order order, ParseOrder(word));
    if (name == "*") {
      plan.orders_.fill(order);
    } else {
      plan.orders_[index] = order;
    }
  }
  return plan;
}

bool Plan::Pass(size_t index) {
  Order& order = orders_[index];
  ++order.passes;
  if (order.chance > 0) return std::uniform_real_distribution<double>(0, 1)(random_) < order.chance;
  return order.passes == order.at_pass;
}

}  // namespace srdf::failpoint
