#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/ledger/ledger_row.h"
#include "yurai/ledger/training_order.h"

/// Runs of a training that never was, for tests.
namespace yurai::testing {

struct ToyRun {
  LedgerHead head;
  std::vector<LedgerDocument> documents;
  std::vector<std::vector<LedgerRow>> steps;

  std::vector<LedgerRow> rows() const {
    std::vector<LedgerRow> all;
    for (const auto& step : steps) all.insert(all.end(), step.begin(), step.end());
    return all;
  }
};

/// Where token `token` of a document begins: of three bytes each, as far as the text goes.
inline uint64_t byte_of_token(const LedgerDocument& document, uint64_t token) {
  return token >= document.tokens ? document.bytes : std::min(document.bytes, 3 * token);
}

inline std::vector<LedgerDocument> toy_documents(std::mt19937_64& random, size_t count,
                                                 uint32_t max_tokens) {
  std::vector<LedgerDocument> documents(count);
  for (size_t i = 0; i < count; ++i) {
    LedgerDocument& document = documents[i];
    document.id = "文書-" + std::to_string(i == 1 ? 0 : i);  // the second repeats the first's id
    document.tokens = static_cast<uint32_t>(random() % (max_tokens + 1));
    document.bytes = document.tokens == 0 ? 0 : 3 * (document.tokens - 1) + 1 + random() % 5;
  }
  return documents;
}

inline ToyRun toy_run(uint64_t seed, size_t num_documents, uint32_t max_tokens, OrderSpec spec,
                      uint64_t num_steps) {
  std::mt19937_64 random(seed);
  ToyRun run;
  run.head.corpus_sha256 = "c0";
  run.head.tokenizer_sha256 = "70";
  run.head.order = spec;
  run.documents = toy_documents(random, num_documents, max_tokens);
  std::vector<uint32_t> tokens;
  for (const LedgerDocument& document : run.documents) tokens.push_back(document.tokens);
  const TrainingOrder order = TrainingOrder::make(tokens, spec).value();
  for (uint64_t step = 0; step < num_steps; ++step) {
    auto& rows = run.steps.emplace_back();
    for (uint64_t i = 0; i < spec.sequences_per_step; ++i) {
      const uint64_t q = step * spec.sequences_per_step + i;
      for (const OrderSegment& part : order.sequence(q)) {
        const LedgerDocument& document = run.documents[part.document];
        rows.push_back({step, part.epoch, q, part.document, part.token_begin,
                        static_cast<uint32_t>(part.token_end - part.token_begin),
                        byte_of_token(document, part.token_begin),
                        byte_of_token(document, part.token_end),
                        static_cast<float>(random() % 1000) / 91.0f});
      }
    }
  }
  return run;
}

/// Rows in any order of documents, as another trainer had them; every third loss is not known.
inline ToyRun toy_listed_run(uint64_t seed, size_t num_documents, uint64_t num_steps) {
  std::mt19937_64 random(seed);
  ToyRun run;
  run.head.stage = "sft";
  run.head.corpus_sha256 = "c1";
  run.documents = toy_documents(random, num_documents, 40);
  for (uint64_t step = 0; step < num_steps; ++step) {
    auto& rows = run.steps.emplace_back();
    for (uint64_t i = random() % 7; i > 0; --i) {
      const uint64_t number = random() % num_documents;
      const LedgerDocument& document = run.documents[number];
      const uint64_t begin = random() % (document.bytes + 1);
      rows.push_back({step, static_cast<uint32_t>(random() % 3), random() % 1000, number,
                      random() % 9, static_cast<uint32_t>(random() % 40), begin,
                      begin + random() % (document.bytes - begin + 1),
                      i % 3 == 0 ? std::nanf("") : 1.5f});
    }
  }
  return run;
}

/// Every file of a folder, by name.
inline std::map<std::string, std::string> files_of(const std::filesystem::path& dir) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    files[entry.path().filename().string()] = read_file(entry.path()).value();
  }
  return files;
}

inline void overwrite(const std::filesystem::path& path, std::string_view bytes) {
  auto file = posix_disk().create(path).value();
  YURAI_CHECK(file->append(bytes).has_value() && file->close().has_value());
}

/// As JSON, for comparison: NaN is equal to NaN there.
inline std::string text_of(const std::vector<LedgerRow>& rows) {
  std::string text;
  for (const LedgerRow& row : rows) text += dump_json(to_json(row, "", "")) + "\n";
  return text;
}

}  // namespace yurai::testing
