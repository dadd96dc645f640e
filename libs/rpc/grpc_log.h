// What gRPC itself has to say, as events of our log.
//
// gRPC writes its errors to stderr in a form of its own. A handshake that TLS refused is one of them, and the
// only place where the server's end can learn of it: it becomes the event `tls_handshake_failed`, the rest
// `grpc`. The same line is written once a minute at most, so that a stranger who knocks cannot fill the disk.
#pragma once

namespace srdf::rpc {

// For the whole process; before the first channel or server is made.
void LogGrpcErrors();
// For tools, whose calls return what went wrong.
void SilenceGrpcErrors();

}  // namespace srdf::rpc
