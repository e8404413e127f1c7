#include "yurai/corpus/joined_documents.h"

#include <algorithm>
#include <utility>

#include "yurai/base/hash.h"

namespace yurai {

JoinedDocuments::JoinedDocuments(std::vector<std::shared_ptr<const Corpus>> parts,
                                 const std::vector<DocumentRun>& runs)
    : parts_(std::move(parts)) {
  uint64_t begin = 0;
  for (const DocumentRun& run : runs) {
    if (run.count == 0) continue;
    const Corpus& corpus = *parts_[run.part];
    const uint64_t part_begin = corpus.text_range(run.first).begin - 1;
    const uint64_t size = corpus.text_range(run.first + run.count - 1).end - part_begin;
    runs_.push_back({run.part, run.first, num_documents_, run.count, part_begin, begin, size});
    num_documents_ += run.count;
    begin += size;
  }
}

const JoinedDocuments::Run& JoinedDocuments::run_of(uint64_t number) const {
  YURAI_CHECK(number < num_documents_);
  return *std::prev(std::upper_bound(runs_.begin(), runs_.end(), number,
                                     [](uint64_t n, const Run& run) { return n < run.number; }));
}

JoinedDocuments::Place JoinedDocuments::place(uint64_t number) const {
  const Run& run = run_of(number);
  return {parts_[run.part].get(), run.first + (number - run.number)};
}

Corpus::TextRange JoinedDocuments::text_range(uint64_t number) const {
  const Run& run = run_of(number);
  const Corpus::TextRange there = parts_[run.part]->text_range(run.first + (number - run.number));
  return {run.begin + (there.begin - run.part_begin), run.begin + (there.end - run.part_begin)};
}

uint64_t JoinedDocuments::document_at(uint64_t offset) const {
  YURAI_CHECK(!runs_.empty());
  const Run& run =
      *std::prev(std::upper_bound(runs_.begin(), runs_.end(), offset,
                                  [](uint64_t at, const Run& one) { return at < one.begin; }));
  if (offset >= run.begin + run.size) return run.number + run.count - 1;  // the last separator
  return run.number +
         (parts_[run.part]->document_at(run.part_begin + (offset - run.begin)) - run.first);
}

std::optional<uint64_t> JoinedDocuments::offset_of(size_t part, uint64_t offset) const {
  const auto after = std::upper_bound(
      runs_.begin(), runs_.end(), std::pair(part, offset),
      [](const auto& at, const Run& run) { return at < std::pair(run.part, run.part_begin); });
  if (after == runs_.begin()) return {};
  const Run& run = *std::prev(after);
  if (run.part != part || offset - run.part_begin >= run.size) return {};
  return run.begin + (offset - run.part_begin);
}

Result<std::vector<uint64_t>> JoinedDocuments::find_id(std::string_view id, uint64_t limit) const {
  std::vector<uint64_t> found;
  std::vector<uint64_t> there;
  size_t part = parts_.size();
  for (const Run& run : runs_) {
    if (run.part != part) {
      part = run.part;
      YURAI_ASSIGN(there, parts_[part]->find_id(id));
    }
    const auto end = std::lower_bound(there.begin(), there.end(), run.first + run.count);
    for (auto at = std::lower_bound(there.begin(), there.end(), run.first); at < end; ++at) {
      if (found.size() == limit) return found;
      found.push_back(run.number + (*at - run.first));
    }
  }
  return found;
}

std::vector<TextPiece> JoinedDocuments::pieces() const {
  std::vector<TextPiece> pieces;
  for (const Run& run : runs_) {
    pieces.push_back({&parts_[run.part]->text(), run.part_begin, run.part_begin + run.size});
  }
  const TextFile& last = parts_.back()->text();  // every text ends with a separator
  pieces.push_back({&last, last.size_bytes() - 1, last.size_bytes()});
  return pieces;
}

std::string JoinedDocuments::sha256() const {
  Sha256 hash;
  for (const Run& run : runs_) {
    const CorpusIdentity identity = parts_[run.part]->identity();
    hash.update_field(identity.corpus_sha256);
    hash.update_field(std::to_string(run.first));
    hash.update_field(std::to_string(run.count));
  }
  return hash.hex();
}

}  // namespace yurai
