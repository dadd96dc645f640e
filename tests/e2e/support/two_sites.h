// TwoSitesTest: a mesh over two hosts, as an operator has it: each site starts its own services from its own
// copy of the file (`srdfctl up --site`), and the shipper reaches the receiver through a line that misbehaves
// on demand.
//
// mesh_ is the target's site, source_site_ the source's; both have all addresses, so either may be asked for
// the status. The one thing that is behind the relay is the receiver, in the source site's file.
#pragma once

#include <memory>

#include "e2e/support/mesh_test.h"
#include "support/tcp_relay.h"

namespace srdf::test {

class TwoSitesTest : public MeshTest {
 protected:
  // Both servers, the relay, and both sites.
  void StartSites(const std::map<std::string, std::string>& settings = {},
                  const std::vector<std::string>& lines = {});
  // Bytes that cannot be compressed, in one transaction; the table is made with the first.
  void InsertNoise(int mebibytes);
  // What the shipper says of its link, asked without crossing the line.
  std::string Link() const;
  bool WaitForLink(const std::string& state, std::chrono::seconds deadline) const;
  // A number from the source site's outbox.
  int64_t SourceOutbox(const std::string& query) const;

  // The source waits for nobody: no commit of the load took as long as `outage`, and the mesh holds neither a
  // lock nor a transaction at the source.
  void ExpectSourceNeverWaited(const loadgen::Report& report, std::chrono::milliseconds outage) const;
  // No operator was needed: no dead letter, nothing skipped, and every wagon once, in order.
  void ExpectNothingWasGivenUp() const;

  void TearDown() override;

  std::unique_ptr<TcpRelay> relay_;
  std::unique_ptr<Mesh> source_site_;
};

}  // namespace srdf::test
