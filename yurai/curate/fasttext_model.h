#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/result.h"
#include "yurai/record/manifest.h"

namespace yurai {

/// A text classifier that fastText trained, such as lid.176.bin or lid.176.ftz. Immutable and
/// thread-safe; in memory as large as its file.
///
///     YURAI_ASSIGN(const auto model, FastTextModel::open("lid.176.ftz"));
///     YURAI_ASSIGN(const int japanese, model.find_label("ja"));
///     model.probability("これは日本語です。", japanese);   // 0.99…
class FastTextModel {
 public:
  /// kCorrupt when the file is no classifier of fastText or is damaged.
  static Result<FastTextModel> open(const std::filesystem::path& path);
  /// The same from its bytes; `path`: where they came from.
  static Result<FastTextModel> read(std::string bytes, const std::filesystem::path& path);
  FastTextModel(FastTextModel&&) noexcept;
  ~FastTextModel();

  const ManifestFile& file() const { return file_; }
  /// Without "__label__".
  const std::vector<std::string>& labels() const { return labels_; }
  /// kInvalidArgument for an unknown label, naming known ones.
  Result<int> find_label(std::string_view label) const;
  /// Of the text as one line; none: it has no word or n-gram that the model knows.
  std::optional<double> probability(std::string_view text, int label) const;

 private:
  struct Loaded;
  FastTextModel();

  ManifestFile file_;
  std::vector<std::string> labels_;
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace yurai
