#include "yurai/tokenizer/aligned_text.h"

#include "yurai/base/utf8.h"

namespace yurai {

TextRange AlignedText::source_of_byte(uint32_t at) const {
  if (!sources_.empty()) return sources_[at];
  const auto begin = static_cast<uint32_t>(char_floor(text_, at));
  return {shift_ + begin, shift_ + begin + static_cast<uint32_t>(char_bytes(text_, begin))};
}

TextRange AlignedText::source(uint32_t begin, uint32_t end) const {
  return {source_of_byte(begin).begin, source_of_byte(end - 1).end};
}

void AlignedText::spell_out() {
  if (!sources_.empty()) return;
  sources_.resize(text_.size());
  for (size_t at = 0; at < text_.size();) {
    const size_t size = char_bytes(text_, at);
    const TextRange source{shift_ + static_cast<uint32_t>(at),
                           shift_ + static_cast<uint32_t>(at + size)};
    for (size_t i = 0; i < size; ++i) sources_[at + i] = source;
    at += size;
  }
}

void AlignedText::copy(uint32_t begin, uint32_t end) {
  new_text_.append(text_, begin, end - begin);
  new_sources_.insert(new_sources_.end(), sources_.begin() + begin, sources_.begin() + end);
}

void AlignedText::add(std::string_view bytes, TextRange source) {
  new_text_ += bytes;
  new_sources_.insert(new_sources_.end(), bytes.size(), source);
}

void AlignedText::swap_in() {
  text_.swap(new_text_);
  sources_.swap(new_sources_);
  new_text_.clear();
  new_sources_.clear();
}

void AlignedText::replace(std::span<const TextRange> ranges, std::string_view content) {
  if (ranges.empty()) return;
  spell_out();
  uint32_t done = 0;
  for (const TextRange range : ranges) {
    copy(done, range.begin);
    add(content, before(range.end));
    done = range.end;
  }
  copy(done, static_cast<uint32_t>(text_.size()));
  swap_in();
}

void AlignedText::insert_before(std::span<const uint32_t> places, std::string_view content) {
  if (places.empty()) return;
  spell_out();
  uint32_t done = 0;
  for (const uint32_t place : places) {
    copy(done, place);
    add(content, sources_[place]);
    done = place;
  }
  copy(done, static_cast<uint32_t>(text_.size()));
  swap_in();
}

void AlignedText::keep(uint32_t begin, uint32_t end) {
  spell_out();
  copy(begin, end);
  swap_in();
}

void AlignedText::rewrite(uint32_t begin, uint32_t end, std::span<const Rewritten> characters) {
  spell_out();
  copy(rewritten_until_, begin);
  rewritten_until_ = end;
  uint32_t at = begin;  // in the old text
  for (const Rewritten& character : characters) {
    std::string bytes;
    append_char(character.c, bytes);
    add(bytes, character.change > 0 || at >= end ? before(at) : sources_[at]);
    for (int n = character.change; n <= 0 && at < end; ++n) {
      at += static_cast<uint32_t>(char_bytes(text_, at));
    }
  }
}

void AlignedText::finish_rewrite() {
  if (rewritten_until_ == 0) return;
  copy(rewritten_until_, static_cast<uint32_t>(text_.size()));
  rewritten_until_ = 0;
  swap_in();
}

}  // namespace yurai
