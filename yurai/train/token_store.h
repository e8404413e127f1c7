#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/corpus.h"
#include "yurai/record/manifest.h"
#include "yurai/tokenizer/tokenizer.h"

/// The tokens of corpora, so that training reads any of them without the text: an artefact folder.
/// Format: docs/formats/tokens.md.
namespace yurai {

inline constexpr std::string_view kTokensFormat = "yurai-tokens";
inline constexpr uint64_t kTokensVersion = 1;

struct TokenOptions {
  double validation_share = 0;  ///< of the documents, by a hash of their id
  unsigned threads = 1;         ///< the result is the same for any number
};

/// The hash of a corpus, or over those of several in order.
std::string name_of(std::span<const Corpus> corpora);

/// Encodes every document and writes the folder, but for the commit. Text that names a special
/// token stays text.
Result<Manifest> build_tokens(std::span<const Corpus> corpora, const Tokenizer& tokenizer,
                              const TokenOptions& options, StagingDirectory& stage,
                              const Progress& progress);

/// Immutable and thread-safe.
class TokenStore {
 public:
  static Result<TokenStore> open(const std::filesystem::path& dir);

  const Manifest& manifest() const { return manifest_; }
  uint64_t num_documents() const { return begins_.size() - 1; }
  uint64_t num_tokens(uint64_t document) const { return begins_[document + 1] - begins_[document]; }
  const std::string& id(uint64_t document) const { return ids_[document]; }
  /// Bytes of the document's text.
  uint64_t num_bytes(uint64_t document) const { return bytes_[document]; }
  /// Kept apart from training.
  bool is_validation(uint64_t document) const { return validation_[document]; }

  /// Tokens [begin, begin + out.size()) of a document.
  Result<void> read(uint64_t document, uint64_t begin, std::span<uint32_t> out) const;
  /// Where in the text token `token` of a document begins; its size for num_tokens().
  Result<uint64_t> byte_begin(uint64_t document, uint64_t token) const;

 private:
  TokenStore(ReadableFile tokens, ReadableFile lengths)
      : tokens_(std::move(tokens)), lengths_(std::move(lengths)) {}

  Manifest manifest_;
  ReadableFile tokens_;
  ReadableFile lengths_;
  Result<uint64_t> bytes_before(uint64_t token) const;

  std::vector<uint64_t> begins_;
  std::vector<uint64_t> marks_;  ///< bytes before every kMarkTokens-th token
  std::vector<uint64_t> bytes_;
  std::vector<std::string> ids_;
  std::vector<bool> validation_;
};

}  // namespace yurai
