#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/curate/domains.h"
#include "yurai/record/document.h"

namespace yurai {

/// "2019-04-01T…", "1905年" → "2019-04-01", "1905": as much of an ISO 8601 date as `text` begins
/// with; empty where it does not begin with a year of four digits.
std::string iso_date(std::string_view text);

/// What documents say of themselves beyond a corpus's own stats, counted one by one.
class DocumentFacts {
 public:
  void add(const Document& document);

  uint64_t documents() const { return sizes_.size(); }
  uint64_t bytes() const { return bytes_; }
  /// As `words_of` tells them apart: each character of Han, kana and Hangul is one.
  uint64_t words() const { return words_; }

  /// The members `fields`, `lengths`, `dates` and `domains` of a card. Call once.
  Json finish(double top_percent);

 private:
  Json lengths();
  Json dates() const;
  Json domains(double top_percent);

  struct Count {
    uint64_t documents = 0;
    uint64_t bytes = 0;
  };
  std::array<uint64_t, kDocumentFields.size()> stated_{};
  std::vector<uint64_t> sizes_;
  uint64_t bytes_ = 0;
  uint64_t words_ = 0;
  std::map<std::string, Count> years_;
  std::string first_date_;
  std::string last_date_;
  uint64_t without_date_ = 0;
  uint64_t other_dates_ = 0;
  DomainCounter domains_{false};
};

}  // namespace yurai
