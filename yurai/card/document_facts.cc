#include "yurai/card/document_facts.h"

#include <algorithm>

#include "yurai/curate/words_of_text.h"

namespace yurai {
namespace {

constexpr size_t kMaxListedDomains = 10'000;

bool are_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Two digits from 01 to `last` at `at`, after a hyphen, with no third digit behind.
bool has_part(std::string_view text, size_t at, int last) {
  if (text.size() < at + 3 || text[at] != '-' || !are_digits(text.substr(at + 1, 2))) return false;
  if (text.size() > at + 3 && are_digits(text.substr(at + 3, 1))) return false;
  const int value = (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
  return value >= 1 && value <= last;
}

}  // namespace

std::string iso_date(std::string_view text) {
  if (text.size() < 4 || !are_digits(text.substr(0, 4))) return {};
  if (text.size() > 4 && are_digits(text.substr(4, 1))) return {};
  size_t length = 4;
  if (has_part(text, 4, 12)) length = has_part(text, 7, 31) ? 10 : 7;
  return std::string(text.substr(0, length));
}

void DocumentFacts::add(const Document& document) {
  const uint64_t bytes = document.text.size();
  for (size_t i = 0; i < kDocumentFields.size(); ++i) {
    stated_[i] += !(document.*kDocumentMembers[i]).empty();
  }
  words_ += words_of(document.text).size();
  sizes_.push_back(bytes);
  bytes_ += bytes;
  domains_.add(document.url, bytes);
  if (document.date.empty()) {
    ++without_date_;
    return;
  }
  const std::string date = iso_date(document.date);
  if (date.empty()) {
    ++other_dates_;
    return;
  }
  if (first_date_.empty() || date < first_date_) first_date_ = date;
  if (date > last_date_) last_date_ = date;
  Count& year = years_[date.substr(0, 4)];
  ++year.documents;
  year.bytes += bytes;
}

Json DocumentFacts::lengths() {
  if (sizes_.empty()) return nullptr;
  std::sort(sizes_.begin(), sizes_.end());
  // The smallest size that `percent` of the documents do not exceed.
  const auto at = [this](uint64_t percent) {
    const uint64_t rank = (sizes_.size() * percent + 99) / 100;
    return sizes_[std::max<uint64_t>(rank, 1) - 1];
  };
  return {{"min", sizes_.front()},
          {"median", at(50)},
          {"p90", at(90)},
          {"p99", at(99)},
          {"max", sizes_.back()},
          {"mean", static_cast<double>(bytes_) / static_cast<double>(sizes_.size())}};
}

Json DocumentFacts::dates() const {
  Json years = Json::array();
  uint64_t stated = 0;
  for (const auto& [year, count] : years_) {
    stated += count.documents;
    years.push_back({{"year", year}, {"documents", count.documents}, {"bytes", count.bytes}});
  }
  return {{"stated", stated},
          {"missing", without_date_},
          {"other_form", other_dates_},
          {"first", or_null(first_date_)},
          {"last", or_null(last_date_)},
          {"years", std::move(years)}};
}

Json DocumentFacts::domains(double top_percent) {
  const DomainCounts counts = domains_.finish();
  const size_t top = top_domains(counts, top_percent);
  uint64_t bytes = 0;
  for (size_t i = 0; i < top; ++i) bytes += counts.domains[i].bytes;
  Json json = to_json(counts, std::min(top, kMaxListedDomains));
  return {{"domains", json["domains"]}, {"without_url", json["without_url"]},
          {"top_percent", top_percent}, {"top_domains", top},
          {"top_bytes", bytes},         {"top", std::move(json["top"])}};
}

Json DocumentFacts::finish(double top_percent) {
  Json fields = Json::object();
  for (size_t i = 0; i < kDocumentFields.size(); ++i) {
    fields[std::string(kDocumentFields[i])] = stated_[i];
  }
  return {{"fields", std::move(fields)},
          {"lengths", lengths()},
          {"dates", dates()},
          {"domains", domains(top_percent)}};
}

}  // namespace yurai
