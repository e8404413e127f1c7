#include "yurai/curate/domains.h"

#include <libpsl.h>

#include <algorithm>
#include <cmath>

#include "yurai/corpus/corpus.h"
#include "yurai/corpus/input_list.h"
#include "yurai/curate/url.h"

namespace yurai {
namespace fs = std::filesystem;
namespace {

Result<void> count_corpus(const fs::path& dir, DomainCounter& counter, const Progress& progress) {
  YURAI_ASSIGN(const Corpus corpus, Corpus::open(dir));
  for (uint64_t number = 0; number < corpus.num_documents(); ++number) {
    YURAI_ASSIGN(const Document row, corpus.row(number));
    const Corpus::TextRange range = corpus.text_range(number);
    counter.add(row.url, range.end - range.begin);
    if (number % 1024 == 0) progress("count", number, corpus.num_documents());
  }
  return {};
}

}  // namespace

void DomainCounter::add(std::string_view url, uint64_t bytes) {
  ++counts_.documents;
  counts_.bytes += bytes;
  const std::string host = url_host(url);
  DomainCount* domain = &counts_.without_url;
  if (!host.empty()) {
    const std::string name = whole_hosts_ ? host : registered_domain(host);
    domain = &domains_[name];
    if (domain->name.empty()) domain->name = name;
  }
  ++domain->documents;
  domain->bytes += bytes;
}

DomainCounts DomainCounter::finish() {
  for (auto& [name, domain] : domains_) counts_.domains.push_back(std::move(domain));
  std::sort(counts_.domains.begin(), counts_.domains.end(), [](const auto& a, const auto& b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.name < b.name;
  });
  return std::move(counts_);
}

std::string registered_domain(std::string_view host) {
  std::string name(host);
  if (name.ends_with('.')) name.pop_back();
  const char* registered = psl_registrable_domain(psl_builtin(), name.c_str());
  if (registered == nullptr || name.find_first_not_of("0123456789.") == std::string::npos ||
      name.find(':') != std::string::npos) {
    return name;
  }
  return registered;
}

Result<DomainCounts> count_domains(const std::vector<fs::path>& inputs, bool whole_hosts,
                                   const std::function<void(const Reject&)>& reject,
                                   const Progress& progress) {
  DomainCounter counter(whole_hosts);
  std::vector<fs::path> files;
  for (const fs::path& input : inputs) {
    if (is_corpus(input).value_or(false)) {
      YURAI_TRY(count_corpus(input, counter, progress));
    } else {
      files.push_back(input);
    }
  }
  if (files.empty()) return counter.finish();
  YURAI_ASSIGN(const InputList list, list_inputs(files));
  uint64_t before = 0;
  for (const InputEntry& entry : list.files) {
    YURAI_ASSIGN(const auto reader, DocumentReader::open(entry, {}));
    InputRecord record;
    for (uint64_t told = 0;;) {
      YURAI_ASSIGN(const bool more, reader->next(record));
      if (!more) break;
      if (record.kind == InputRecord::Kind::kDocument) {
        counter.add(record.document.url, record.document.text.size());
      } else {
        counter.add_reject(record.kind);
        if (record.kind == InputRecord::Kind::kUnreadable) {
          reject({entry.name, record.number, record.byte, record.reason, reader->unit()});
        }
      }
      if (reader->stored_bytes_read() != told) {
        told = reader->stored_bytes_read();
        progress("count", before + told, list.bytes);
      }
    }
    before += entry.bytes;
  }
  return counter.finish();
}

size_t top_domains(const DomainCounts& counts, double percent) {
  const double wanted = std::ceil(static_cast<double>(counts.domains.size()) * percent / 100);
  return std::min(counts.domains.size(), static_cast<size_t>(std::max(0.0, wanted)));
}

Json to_json(const DomainCounts& counts, size_t top) {
  const auto item = [](const DomainCount& domain) -> Json {
    return {{"domain", domain.name}, {"documents", domain.documents}, {"bytes", domain.bytes}};
  };
  Json list = Json::array();
  for (size_t i = 0; i < std::min(top, counts.domains.size()); ++i) {
    list.push_back(item(counts.domains[i]));
  }
  Json without = item(counts.without_url);
  without.erase("domain");
  return {{"documents", counts.documents},     {"bytes", counts.bytes},
          {"domains", counts.domains.size()},  {"top", std::move(list)},
          {"without_url", std::move(without)}, {"rejected", counts.rejected},
          {"left_out", counts.left_out}};
}

}  // namespace yurai
