#include "yurai/curate/label_score.h"

#include "yurai/base/hash.h"
#include "yurai/corpus/corpus.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

class Scorer {
 public:
  Scorer(const LabelModel& model, const ReadOptions& options, const LabelScoreSinks& sinks,
         const Progress& progress)
      : model_(model), options_(options), sinks_(sinks), progress_(progress) {}

  Result<void> score_corpus(const fs::path& dir) {
    YURAI_ASSIGN(const Corpus corpus, Corpus::open(dir));
    for (uint64_t number = 0; number < corpus.num_documents(); ++number) {
      YURAI_ASSIGN(const Document document, corpus.document(number));
      YURAI_TRY(score(document));
      progress_("score", corpus.text_range(number).end, corpus.text().size_bytes());
    }
    return {};
  }

  Result<void> score_files(const fs::path& input) {
    YURAI_ASSIGN(const InputList list, list_inputs({input}));
    uint64_t bytes_before = 0;
    for (const InputEntry& entry : list.files) {
      YURAI_ASSIGN(const auto reader, DocumentReader::open(entry, options_));
      InputRecord record;
      while (true) {
        YURAI_ASSIGN(const bool more, reader->next(record));
        if (!more) break;
        if (record.kind == InputRecord::Kind::kDocument) {
          YURAI_TRY(score(record.document));
        } else {
          ++summary_.rejected;
          YURAI_TRY(sinks_.reject(
              {entry.name, record.number, record.byte, record.reason, reader->unit()}));
        }
        progress_("score", bytes_before + reader->stored_bytes_read(), list.bytes);
      }
      bytes_before += entry.bytes;
    }
    return {};
  }

  const LabelScoreSummary& summary() const { return summary_; }

 private:
  Result<void> score(const Document& document) {
    LabelScore out;
    out.sha256 = sha256_hex(document.text);
    out.id = document.id.empty() ? id_of_text(out.sha256) : document.id;
    out.score = model_.score(document.text);
    out.positive = out.score >= model_.threshold();
    ++summary_.documents;
    summary_.positive += out.positive;
    return sinks_.score(out);
  }

  const LabelModel& model_;
  const ReadOptions& options_;
  const LabelScoreSinks& sinks_;
  const Progress& progress_;
  LabelScoreSummary summary_;
};

}  // namespace

Json to_json(const LabelScore& score) {
  return {{"id", score.id},
          {"sha256", score.sha256},
          {"score", score.score},
          {"positive", score.positive}};
}

Json to_json(const LabelScoreSummary& summary) {
  return {{"documents", summary.documents},
          {"positive", summary.positive},
          {"rejected", summary.rejected}};
}

Result<LabelScoreSummary> score_documents(const LabelModel& model,
                                          const std::vector<fs::path>& inputs,
                                          const ReadOptions& options, const LabelScoreSinks& sinks,
                                          const Progress& progress) {
  Scorer scorer(model, options, sinks, progress);
  for (const fs::path& input : inputs) {
    YURAI_ASSIGN(const bool corpus, is_corpus(input));
    YURAI_TRY(corpus ? scorer.score_corpus(input) : scorer.score_files(input));
  }
  return scorer.summary();
}

}  // namespace yurai
