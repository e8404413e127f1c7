#pragma once

#include <filesystem>
#include <vector>

#include "yurai/base/file.h"
#include "yurai/base/result.h"
#include "yurai/corpus/corpus.h"
#include "yurai/corpus/corpus_writer.h"

/// Corpora built in code, for the tests of every module.
namespace yurai::testing {

/// Writes these documents as the corpus `dir`, which must not exist, and opens it.
///
///     Corpus corpus = write_corpus(dir / "corpus", {{.id = "a", .text = "abc"}}).value();
inline Result<Corpus> write_corpus(const std::filesystem::path& dir,
                                   const std::vector<Document>& documents) {
  YURAI_ASSIGN(StagingDirectory stage, StagingDirectory::create(dir, {}));
  YURAI_ASSIGN(CorpusWriter writer, CorpusWriter::create(stage));
  for (const Document& document : documents) YURAI_TRY(writer.add(document));
  YURAI_TRY(writer.finish(Manifest{}));
  YURAI_TRY(stage.commit());
  return Corpus::open(dir);
}

}  // namespace yurai::testing
