#include "shipper/own_copy.h"

#include "wire/wagon_frame.h"

namespace srdf::shipper {

Status CheckOwnCopy(store::Outbox* outbox, const std::string& flow, const store::OutboxWagon& wagon) {
  const uint64_t sequence = wagon.header.sequence;
  const auto damaged = [&](const std::string& what) {
    return Status(StatusCode::kDataLoss,
                  "outbox.db: its own copy of wagon " + std::to_string(sequence) + " of flow " + flow +
                      " is damaged: " + what,
                  "look at the disk and memory of this host; the wagon's changes are still at the source: "
                  "compare the target with it, or establish the flow anew");
  };
  const auto verifier = wire::NewFrameVerifier();
  for (uint32_t chunk_no = 0; chunk_no < wagon.chunk_count; ++chunk_no) {
    SRDF_ASSIGN_OR_RETURN(const std::string data, outbox->ReadChunk(flow, sequence, chunk_no));
    if (Status s = verifier->Append(data); !s.ok()) return damaged(s.message());
  }
  WagonHeader header;
  std::string hash;
  if (Status s = verifier->Finish(&header, &hash); !s.ok()) return damaged(s.message());
  if (hash != wagon.hash) return damaged("it is another wagon");
  return {};
}

}  // namespace srdf::shipper
