// Policy: who may call which method. One table, and nobody may call what is not in it.
//
// A test walks the protos and fails for a method without a row. Adding an RPC: add its row in policy.cc.
//
// Thread rules: constant data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pki/identity.h"

namespace srdf::rpc {

// A set of callers, as bits.
using Callers = uint32_t;

struct MethodRule {
  std::string_view method;  // "/srdf.shipper.v1.ShipperService/Store"
  Callers callers;
  // The call is for one flow: its token and name come with it (rpc/flow_claim.h).
  bool needs_flow_token;
};

// nullptr when nobody may call it.
const MethodRule* FindRule(std::string_view method);
const std::vector<MethodRule>& AllRules();

// The bit of an identity; 0 for one that the table does not know.
Callers BitOf(const pki::Identity& identity);
// "batcher, operator"
std::string CallersText(Callers callers);

}  // namespace srdf::rpc
