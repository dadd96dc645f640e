// BlockingSection: while one lives, the calling thread may wait for as long as it likes.
//
// A thread that many depend on (rpc/stream_loop.h) learns by it that another has to do its work meanwhile.
// Costs nothing on any other thread.
#pragma once

namespace srdf {

class BlockingSection {
 public:
  // Called when the thread begins its first section.
  class Listener {
   public:
    virtual void OnBlocking() = 0;

   protected:
    ~Listener() = default;
  };

  BlockingSection() {
    if (listener == nullptr) return;
    Listener* const told = listener;
    listener = nullptr;
    told->OnBlocking();
  }
  BlockingSection(const BlockingSection&) = delete;
  BlockingSection& operator=(const BlockingSection&) = delete;

  // Of the calling thread; null for none.
  static void Listen(Listener* to) { listener = to; }

 private:
  static inline thread_local Listener* listener = nullptr;
};

}  // namespace srdf
