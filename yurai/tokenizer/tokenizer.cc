#include "yurai/tokenizer/tokenizer.h"

#include <fmt/format.h>

#include "yurai/base/file.h"
#include "yurai/base/hash.h"
#include "yurai/base/json.h"
#include "yurai/base/terminal.h"
#include "yurai/base/utf8.h"
#include "yurai/record/manifest.h"
#include "yurai/tokenizer/json_tokenizer.h"
#include "yurai/tokenizer/sentencepiece_tokenizer.h"
#include "yurai/tokenizer/train_tokenizer.h"

namespace yurai {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kJsonName = "tokenizer.json";
constexpr uint64_t kMaxFileBytes = 128ull << 20;
constexpr uint64_t kMaxConfigBytes = 4ull << 20;

/// tokenizer_config.json names the roles that tokenizer.json does not: "bos_token" and so on, text
/// or an object with the text as "content".
Result<void> read_roles(const fs::path& path, const Tokenizer& tokenizer, TokenizerFacts& facts) {
  YURAI_ASSIGN(const std::string bytes, read_file(path, kMaxConfigBytes));
  const auto json = parse_json(bytes, for_terminal(path.string()));
  // Chat templates and the like can be beyond what we parse: then no role is named.
  if (!json || !json->is_object()) return {};
  const auto role = [&](std::string_view key) -> std::optional<uint32_t> {
    const Json value = json->value(key, Json());
    const auto text = value.is_object() ? json_string(value, "content") : json_string(*json, key);
    return text ? tokenizer.id_of(*text) : std::nullopt;
  };
  facts.begin = role("bos_token");
  facts.end = role("eos_token");
  facts.padding = role("pad_token");
  if (!facts.unknown) facts.unknown = role("unk_token");
  return {};
}

/// The tokenizer's file in a folder.
Result<fs::path> file_of(const fs::path& dir) {
  for (const std::string_view name : {kJsonName, kTokenizerModelName}) {
    std::error_code status;
    if (fs::is_regular_file(dir / name, status)) return dir / name;
  }
  return fail(ErrorCode::kNotFound, fmt::format("'{}' holds no tokenizer.json and no {}",
                                                for_terminal(dir.string()), kTokenizerModelName));
}

/// A folder of ours is proven by its manifest before it is believed.
Result<void> check_own(const fs::path& dir) {
  std::error_code status;
  if (!fs::exists(dir / "manifest.json", status)) return {};
  YURAI_ASSIGN(const std::string bytes, read_file(dir / "manifest.json", kMaxConfigBytes));
  if (bytes.find(kTokenizerFormat) == bytes.npos) return {};  // of some other program
  YURAI_ASSIGN(const Manifest manifest, read_manifest(dir, kTokenizerFormat, kTokenizerVersion));
  YURAI_TRY(read_manifest_file(dir, manifest, kTokenizerModelName));
  return {};
}

}  // namespace

std::vector<uint32_t> ids_of(std::span<const Token> tokens) {
  std::vector<uint32_t> ids;
  ids.reserve(tokens.size());
  for (const Token& token : tokens) ids.push_back(token.id);
  return ids;
}

tl::unexpected<Error> Tokenizer::no_such_token(uint32_t id) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("the tokenizer has no token {}; was the text encoded by another?", id));
}

Result<std::vector<Token>> Tokenizer::encode(std::string_view text,
                                             const EncodeOptions& options) const {
  if (text.size() > kMaxTokenizerTextBytes) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("a text of {} bytes, more than the {} of one call; cut it", text.size(),
                            kMaxTokenizerTextBytes));
  }
  if (const auto invalid = find_invalid_utf8(text)) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("byte {} is not UTF-8", *invalid));
  }
  return encode_valid(text, options);
}

Result<std::unique_ptr<Tokenizer>> Tokenizer::parse(std::string_view bytes, std::string_view name) {
  const size_t first = bytes.find_first_not_of(" \t\r\n");
  const bool is_json = first != bytes.npos && bytes[first] == '{';
  auto tokenizer = is_json ? parse_json_tokenizer(bytes) : parse_sentencepiece_tokenizer(bytes);
  if (!tokenizer) {
    Error error = std::move(tokenizer).error();
    error.message = fmt::format("tokenizer '{}': {}", for_terminal(name), error.message);
    return fail(std::move(error));
  }
  (*tokenizer)->facts_.sha256 = sha256_hex(bytes);
  return tokenizer;
}

Result<std::unique_ptr<Tokenizer>> Tokenizer::open(const fs::path& path) {
  std::error_code status;
  fs::path file = path;
  if (fs::is_directory(path, status)) {
    YURAI_TRY(check_own(path));
    YURAI_ASSIGN(file, file_of(path));
  }
  YURAI_ASSIGN(const std::string bytes, read_file(file, kMaxFileBytes));
  YURAI_ASSIGN(std::unique_ptr<Tokenizer> tokenizer, parse(bytes, file.string()));
  const fs::path config = file.parent_path() / "tokenizer_config.json";
  if (file.filename() == kJsonName && fs::exists(config, status)) {
    YURAI_TRY(read_roles(config, *tokenizer, tokenizer->facts_));
  }
  return tokenizer;
}

}  // namespace yurai
