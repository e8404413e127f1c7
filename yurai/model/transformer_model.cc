#include "yurai/model/transformer_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "yurai/base/random.h"
#include "yurai/base/stop.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/lm/symbol_stream.h"
#include "yurai/lm/token_sampler.h"
#include "yurai/model/model_folder.h"
#include "yurai/record/manifest.h"

namespace yurai {
namespace {

constexpr std::string_view kNoCharacter = "\xEF\xBF\xBD";  // U+FFFD: bytes that are none yet

/// The text of tokens as they come. A token alone may be part of a character, and how it reads may
/// depend on the one before it.
class TokenText {
 public:
  TokenText(const Tokenizer& tokenizer, std::vector<uint32_t> prompt)
      : tokenizer_(tokenizer), ids_(std::move(prompt)) {
    // A few tokens of the prompt, so that the first new one is read where it stands.
    if (ids_.size() > 4) ids_.erase(ids_.begin(), ids_.end() - 4);
    read_ = ids_.size();
  }

  /// Adds a token; the text that is new, empty while a character is not complete.
  Result<std::string> add(uint32_t id) {
    ids_.push_back(id);
    return rest(false);
  }
  /// What is left, complete or not.
  Result<std::string> finish() { return rest(true); }

 private:
  Result<std::string> rest(bool all) {
    const std::span<const uint32_t> ids(ids_);
    YURAI_ASSIGN(const std::string before,
                 tokenizer_.decode(ids.first(read_), {.skip_special = true}));
    YURAI_ASSIGN(std::string now, tokenizer_.decode(ids, {.skip_special = true}));
    if (!all && now.ends_with(kNoCharacter)) return std::string();
    std::string fresh = now.substr(std::min(before.size(), now.size()));
    if (fresh.empty() && !all) return fresh;
    ids_.erase(ids_.begin(), ids_.begin() + static_cast<ptrdiff_t>(context_));
    context_ = ids_.size() - std::min<size_t>(ids_.size(), 4);
    read_ = ids_.size();
    return fresh;
  }

  const Tokenizer& tokenizer_;
  std::vector<uint32_t> ids_;
  size_t context_ = 0;  ///< tokens before it are no longer needed
  size_t read_ = 0;     ///< tokens whose text was handed out
};

/// A folder of ours is proven before it is believed.
Result<void> prove_own(const std::filesystem::path& dir) {
  std::error_code ignored;
  if (!std::filesystem::exists(dir / kManifestName, ignored)) return {};
  YURAI_ASSIGN(const std::string text, read_file(dir / kManifestName));
  if (text.find("\"yurai-") == text.npos) return {};  // of some other program
  YURAI_ASSIGN(const Manifest manifest, read_manifest(dir));
  return verify_files(dir, manifest);
}

}  // namespace

Result<std::unique_ptr<TransformerModel>> TransformerModel::open(const std::filesystem::path& dir) {
  std::unique_ptr<TransformerModel> model(new TransformerModel());
  YURAI_TRY(prove_own(dir));
  YURAI_ASSIGN(const ModelFolder folder, ModelFolder::open(dir));
  YURAI_ASSIGN(model->tokenizer_, Tokenizer::open(dir));
  if (model->tokenizer_->vocabulary_size() > folder.config().vocabulary_size) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: the tokenizer has {} tokens, the model {}; they do not belong "
                            "together",
                            for_terminal(dir.string()), model->tokenizer_->vocabulary_size(),
                            folder.config().vocabulary_size));
  }
  auto chat = ChatTemplate::open(dir);
  if (chat) {
    model->chat_.emplace(std::move(*chat));
  } else if (chat.error().code != ErrorCode::kNotFound) {
    model->chat_error_ = std::move(chat).error();
  }
  YURAI_ASSIGN(model->transformer_, Transformer::open(folder));
  model->id_ = std::filesystem::absolute(dir).lexically_normal().filename().string();
  return model;
}

Result<std::vector<int32_t>> TransformerModel::encode_prompt(std::string_view text) const {
  const TokenizerFacts& facts = tokenizer_->facts();
  YURAI_ASSIGN(const std::vector<Token> tokens,
               tokenizer_->encode(text, {.add_special = true, .match_special = false}));
  std::vector<int32_t> ids;
  // A SentencePiece model adds nothing itself.
  const std::optional<uint32_t> begin = facts.begin ? facts.begin : facts.end;
  if (begin && (tokens.empty() || tokens[0].id != *begin) &&
      (tokens.empty() || facts.kind.starts_with("sentencepiece"))) {
    ids.push_back(static_cast<int32_t>(*begin));
  }
  for (const Token& token : tokens) ids.push_back(static_cast<int32_t>(token.id));
  // Some files close every text: a text that goes on is not at its end.
  if (ids.size() > 1 && facts.end && ids.back() == static_cast<int32_t>(*facts.end)) ids.pop_back();
  return ids;
}

Result<std::vector<int32_t>> TransformerModel::encode_request(
    const GenerateRequest& request) const {
  YURAI_ASSIGN(const std::string_view text, text_to_continue(request));
  if (request.messages.empty() || (!chat_ && !chat_error_)) return encode_prompt(text);
  if (chat_error_) return fail(*chat_error_);
  Json messages = Json::array();
  for (const ChatMessage& message : request.messages) {
    YURAI_TRY(check_utf8(message.content, "a message"));
    for (const SpecialToken& special : tokenizer_->facts().special) {
      if (special.text.empty() || message.content.find(special.text) == std::string::npos) continue;
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("a message holds '{}', which the model would take for a special token",
                      for_terminal(special.text)));
    }
    messages.push_back({{"role", message.role}, {"content", message.content}});
  }
  YURAI_ASSIGN(const std::string rendered, chat_->render(messages, {}));
  // The template writes special tokens as text.
  YURAI_ASSIGN(const std::vector<Token> tokens,
               tokenizer_->encode(rendered, {.add_special = false, .match_special = true}));
  std::vector<int32_t> ids;
  for (const Token& token : tokens) ids.push_back(static_cast<int32_t>(token.id));
  return ids;
}

Result<Generation> TransformerModel::generate(const GenerateRequest& request,
                                              const OnSymbol& on_symbol) const {
  YURAI_TRY(check_sampling(request.temperature, request.filter));
  YURAI_ASSIGN(std::vector<int32_t> ids, encode_request(request));
  const ModelConfig& config = transformer_->config();
  if (ids.size() >= config.max_positions) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("the prompt has {} tokens; the model reads at most {} and needs room for "
                    "its answer; shorten it",
                    ids.size(), config.max_positions));
  }
  const auto ends = [&](uint32_t token) {
    return std::ranges::find(config.end_tokens, token) != config.end_tokens.end() ||
           token == tokenizer_->facts().end;
  };
  SplitMix64 random(request.seed);
  SymbolStream stream(request.stop, on_symbol);
  TokenText text(*tokenizer_, {ids.begin(), ids.end()});
  KvCache cache(1);
  std::vector<int32_t> fresh = ids;
  GeneratedSymbol symbol;
  symbol.probability = 1;
  bool goes_on = true;
  for (uint64_t n = 0; n < request.max_chars && goes_on && ids.size() < config.max_positions; ++n) {
    YURAI_TRY(check_stop());
    YURAI_ASSIGN(const std::vector<float> logits,
                 transformer_->logits({.length = fresh.size(), .tokens = fresh}, &cache, nullptr,
                                      /*last_only=*/true));
    // The model may have places that no token fills.
    const DrawnToken drawn = draw_token(std::span(logits).first(tokenizer_->vocabulary_size()), ids,
                                        request.temperature, request.filter, random);
    fresh = {static_cast<int32_t>(drawn.token)};
    ids.push_back(fresh[0]);
    symbol.tokens.push_back(drawn.token);
    symbol.probability = *symbol.probability * drawn.probability;
    const bool end = ends(drawn.token);
    if (end) {
      YURAI_ASSIGN(symbol.text, text.finish());
      if (!symbol.text.empty()) {  // a character that the end cut short
        YURAI_ASSIGN(goes_on, stream.add(std::exchange(symbol, {})));
        if (!goes_on) break;
      }
    } else {
      YURAI_ASSIGN(symbol.text, text.add(drawn.token));
      if (symbol.text.empty()) continue;
    }
    YURAI_ASSIGN(goes_on, stream.add(std::exchange(symbol, {})));
    symbol.probability = 1;
  }
  if (goes_on && !symbol.tokens.empty()) {
    YURAI_ASSIGN(symbol.text, text.finish());
    if (!symbol.text.empty()) YURAI_TRY(stream.add(std::move(symbol)));
  }
  return stream.finish();
}

Result<std::vector<float>> TransformerModel::token_nats(std::span<const int32_t> tokens,
                                                        std::span<const int32_t> targets) const {
  YURAI_TRY(check_stop());
  YURAI_ASSIGN(Loss loss,
               transformer_->loss({.length = tokens.size(), .tokens = tokens}, targets, {}, {}));
  return std::move(loss.tokens);
}

}  // namespace yurai
