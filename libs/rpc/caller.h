// Caller: who makes a call, for audit rows and logs.
//
// srdfctl tells the login name of the person in the metadata `srdf-user`. It is what the client says of
// itself: it tells apart people who may do the same, it gives no right and proves nothing. What is proven is
// the identity of the connection's certificate, which is named behind it.
//
// Thread rules: pure functions; any thread.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

namespace srdf::rpc {

// "alice (role operator)"; "unknown (…)" when the client did not say, "… (no certificate)" without mutual
// TLS. Printable, whatever was sent; what the client says has at most 64 characters and neither blanks nor a
// way behind the last bracket.
std::string CallerName(const grpc::ServerContext& context);

// Has the call say the login name of this process's user. Before the call is started.
void TellCaller(grpc::ClientContext* context);

}  // namespace srdf::rpc
