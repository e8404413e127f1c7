#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "yurai/base/json.h"
#include "yurai/base/progress.h"
#include "yurai/base/result.h"
#include "yurai/corpus/document_reader.h"
#include "yurai/corpus/reject.h"

/// Where the text of a corpus comes from: bytes by domain, as public summaries of training content
/// ask for the top 10 % of the domains (Regulation (EU) 2024/1689, Article 53(1)(d) template).
namespace yurai {

struct DomainCount {
  std::string name{};
  uint64_t documents = 0;
  uint64_t bytes = 0;  ///< of text
};

struct DomainCounts {
  std::vector<DomainCount> domains{};  ///< by bytes descending, then by name
  DomainCount without_url{};           ///< documents whose URL has no host
  uint64_t documents = 0;
  uint64_t bytes = 0;
  uint64_t rejected = 0;  ///< rows that could not be read
  uint64_t left_out = 0;  ///< records of archives that hold no document
};

/// Counts documents one by one. Memory: the domains.
class DomainCounter {
 public:
  explicit DomainCounter(bool whole_hosts) : whole_hosts_(whole_hosts) {}
  void add(std::string_view url, uint64_t bytes);
  /// A record that is no document.
  void add_reject(InputRecord::Kind kind) {
    ++(kind == InputRecord::Kind::kLeftOut ? counts_.left_out : counts_.rejected);
  }
  DomainCounts finish();

 private:
  bool whole_hosts_;
  DomainCounts counts_;
  std::unordered_map<std::string, DomainCount> domains_;
};

/// The name under which a host was registered, by the public suffix list: "a.example.co.jp" →
/// "example.co.jp". An address, and a host without a registered name above it, stay as they are.
std::string registered_domain(std::string_view host);

/// `inputs`: a corpus folder, whose rows are read without their text, or files and folders of
/// documents. `reject` hears of each row that cannot be read. Memory: the domains.
Result<DomainCounts> count_domains(const std::vector<std::filesystem::path>& inputs,
                                   bool whole_hosts,
                                   const std::function<void(const Reject&)>& reject,
                                   const Progress& progress);

/// How many of the domains are the top `percent`, rounded up.
size_t top_domains(const DomainCounts& counts, double percent);

/// `top` domains are listed.
Json to_json(const DomainCounts& counts, size_t top);

}  // namespace yurai
