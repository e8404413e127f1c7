#pragma once

#include <deque>
#include <memory>

#include "yurai/base/file.h"
#include "yurai/base/result.h"

namespace yurai {

/// Reads in flight, of any number of files, which come back as the disk has them (io_uring where
/// the kernel lets us; else one by one).
///
///     ReadQueue queue;
///     for (ReadableFile::Request& request : requests) queue.add(file, request);
///     while (ReadableFile::Request* done = queue.next().value()) use(*done);
///
/// For one thread, that which makes it. Files, requests and their memory must outlive it; it waits
/// for what is in flight when it goes.
class ReadQueue {
 public:
  ReadQueue();
  ~ReadQueue();
  ReadQueue(const ReadQueue&) = delete;
  ReadQueue& operator=(const ReadQueue&) = delete;

  /// Begins to read `request` of `file`, or will.
  void add(const ReadableFile& file, ReadableFile::Request& request);

  /// One that is done, as ReadableFile::read does it; nullptr when there is none left.
  Result<ReadableFile::Request*> next();

 private:
  class Ring;
  struct Waiting {
    const ReadableFile* file = nullptr;
    ReadableFile::Request* request = nullptr;
  };
  static Ring& ring_of_thread();

  Ring* ring_ = nullptr;         ///< this thread's, if no other queue has it
  std::deque<Waiting> waiting_;  ///< for the ring, or to be read without it
};

}  // namespace yurai
