#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/corpus/corpus.h"

namespace yurai {

/// The documents of Corpus::join: from their numbers and places to those in their corpora and back.
class JoinedDocuments {
 public:
  /// `runs` ascend.
  JoinedDocuments(std::vector<std::shared_ptr<const Corpus>> parts,
                  const std::vector<DocumentRun>& runs);

  struct Place {
    const Corpus* corpus = nullptr;
    uint64_t number = 0;  ///< in that corpus
  };
  Place place(uint64_t number) const;
  Corpus::TextRange text_range(uint64_t number) const;
  uint64_t document_at(uint64_t offset) const;
  std::optional<uint64_t> offset_of(size_t part, uint64_t offset) const;
  Result<std::vector<uint64_t>> find_id(std::string_view id, uint64_t limit) const;

  uint64_t num_documents() const { return num_documents_; }
  const std::vector<std::shared_ptr<const Corpus>>& parts() const { return parts_; }
  /// What the text is made of.
  std::vector<TextPiece> pieces() const;
  /// Says which documents of which corpora these are.
  std::string sha256() const;

 private:
  struct Run {
    size_t part = 0;
    uint64_t first = 0;   ///< document of the part
    uint64_t number = 0;  ///< of that document here
    uint64_t count = 0;
    uint64_t part_begin = 0;  ///< of its leading separator in the text of the part
    uint64_t begin = 0;       ///< … here
    uint64_t size = 0;        ///< of text, without the separator behind it
  };
  const Run& run_of(uint64_t number) const;

  std::vector<std::shared_ptr<const Corpus>> parts_;
  std::vector<Run> runs_;
  uint64_t num_documents_ = 0;
};

}  // namespace yurai
