// What is wrong with this process's own certificate, for the messages of calls that fail.
//
// A handshake that the other end refused reaches a caller as a connection that closed, without a reason.
// Where the reason is on this side (the certificate has expired, the key does not fit), it is known here.
//
// A process has one identity, so this is one value per process. Thread rules: any thread.
#pragma once

#include "base/status.h"

namespace srdf::rpc {

// OK: nothing is known to be wrong.
Status OwnCertificateTrouble();
void SetOwnCertificateTrouble(Status trouble);

}  // namespace srdf::rpc
