#pragma once

#include <filesystem>
#include <string>

#include "yurai/base/file.h"
#include "yurai/base/json.h"
#include "yurai/tokenizer/byte_alphabet.h"

/// What tests of training share.
namespace yurai::testing {

/// Writes a folder with a tokenizer of bytes, and tokens that begin (256) and end (257) a document.
inline Result<void> write_byte_tokenizer(const std::filesystem::path& dir) {
  Json vocabulary = Json::object();
  for (int byte = 0; byte < 256; ++byte) {
    vocabulary[to_byte_alphabet(std::string(1, static_cast<char>(byte)))] = vocabulary.size();
  }
  Json added = Json::array();
  for (const char* name : {"<s>", "</s>"}) {
    vocabulary[name] = vocabulary.size();
    added.push_back({{"id", vocabulary.size() - 1},
                     {"content", name},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  const Json part = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}};
  const Json file = {
      {"added_tokens", added},
      {"pre_tokenizer", part},
      {"decoder", part},
      {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", Json::array()}}}};
  std::filesystem::create_directories(dir);
  YURAI_TRY(write_file(dir / "tokenizer.json", dump_json(file)));
  return write_file(dir / "tokenizer_config.json", R"({"bos_token":"<s>","eos_token":"</s>"})");
}

}  // namespace yurai::testing
