#include "yurai/curate/fasttext_model.h"

#include <fasttext/fasttext.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <istream>
#include <streambuf>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/terminal.h"
#include "yurai/curate/fasttext_format.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t kMaxModelBytes = 8ull << 30;
constexpr size_t kSaidLabels = 12;
const std::string kLabelPrefix = "__label__";

/// Bytes as a stream, without a copy.
class Bytes final : public std::streambuf {
 public:
  explicit Bytes(std::string& bytes) {
    setg(bytes.data(), bytes.data(), bytes.data() + bytes.size());
  }

 protected:
  // The library asks where it stands and may go back to the beginning.
  pos_type seekoff(off_type offset, std::ios_base::seekdir from, std::ios_base::openmode) override {
    char* const base = from == std::ios_base::beg   ? eback()
                       : from == std::ios_base::cur ? gptr()
                                                    : egptr();
    if (offset < eback() - base || offset > egptr() - base) return pos_type(off_type(-1));
    setg(eback(), base + offset, egptr());
    return gptr() - eback();
  }
  pos_type seekpos(pos_type position, std::ios_base::openmode mode) override {
    return seekoff(off_type(position), std::ios_base::beg, mode);
  }
};

}  // namespace

struct FastTextModel::Loaded final : fasttext::FastText {
  /// What loadModel does with the name of a file.
  void load(std::istream& in) {
    checkModel(in);
    loadModel(in);
  }
};

FastTextModel::FastTextModel() : loaded_(std::make_unique<Loaded>()) {}
FastTextModel::FastTextModel(FastTextModel&&) noexcept = default;
FastTextModel::~FastTextModel() = default;

Result<FastTextModel> FastTextModel::open(const fs::path& path) {
  YURAI_ASSIGN(std::string bytes, read_file(path, kMaxModelBytes));
  return read(std::move(bytes), path);
}

Result<FastTextModel> FastTextModel::read(std::string bytes, const fs::path& path) {
  const auto corrupt = [&](std::string_view what) {
    return fail(ErrorCode::kCorrupt, fmt::format("'{}', {}; fetch or save the model again",
                                                 for_terminal(path.string()), for_terminal(what)));
  };
  if (const auto sound = check_fasttext_model(bytes); !sound) return corrupt(sound.error().message);
  FastTextModel model;
  model.file_ = {path.filename().string(), bytes.size(), sha256_hex(bytes)};
  try {
    Bytes buffer(bytes);
    std::istream in(&buffer);
    model.loaded_->load(in);
    const auto dictionary = model.loaded_->getDictionary();
    for (int32_t i = 0; i < dictionary->nlabels(); ++i) {
      std::string label = dictionary->getLabel(i);
      if (label.starts_with(kLabelPrefix)) label.erase(0, kLabelPrefix.size());
      model.labels_.push_back(std::move(label));
    }
  } catch (const std::exception& error) {
    return corrupt(error.what());
  }
  return model;
}

Result<int> FastTextModel::find_label(std::string_view label) const {
  const auto found = std::find(labels_.begin(), labels_.end(), label);
  if (found != labels_.end()) return static_cast<int>(found - labels_.begin());
  const std::vector<std::string> some(
      labels_.begin(), labels_.begin() + static_cast<int>(std::min(labels_.size(), kSaidLabels)));
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("the model has no label '{}'; it has {} labels: {}{}", for_terminal(label),
                  labels_.size(), for_terminal(fmt::format("{}", fmt::join(some, ", "))),
                  labels_.size() > some.size() ? ", …" : ""));
}

std::optional<double> FastTextModel::probability(std::string_view text, int label) const {
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  line += '\n';  // as fastText's own tools end a line: its end is a word of the model
  Bytes buffer(line);
  std::istream in(&buffer);
  std::vector<int32_t> words;
  std::vector<int32_t> labels;
  fasttext::Predictions predictions;
  try {
    loaded_->getDictionary()->getLine(in, words, labels);
    loaded_->predict(static_cast<int32_t>(labels_.size()), words, predictions);
  } catch (const std::exception&) {
    return std::nullopt;  // numbers of a sound model that overflow
  }
  for (const auto& [log_probability, number] : predictions) {
    // fastText adds 0.00001 before it takes the logarithm.
    if (number == label) return std::min(1.0, std::exp(static_cast<double>(log_probability)));
  }
  return std::nullopt;
}

}  // namespace yurai
