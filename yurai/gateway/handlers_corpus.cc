#include <fmt/format.h>

#include <algorithm>

#include "yurai/gateway/handlers.h"
#include "yurai/gateway/request_query.h"

namespace yurai::handlers {
namespace {

constexpr size_t kMaxQueryBytes = 64 << 10;
constexpr uint64_t kDefaultLimit = 20;
constexpr uint64_t kMaxLimit = 1000;
constexpr size_t kPassageChars = 120;
constexpr uint64_t kMaxDocuments = 1000;          // of one id in one answer
constexpr uint64_t kMaxDocumentBytes = 64 << 20;  // of text in one answer
constexpr std::string_view kDocumentsPath = "/v1/documents/";

struct SearchQuery {
  std::string text;
  bool bm25 = false;
  uint64_t limit = kDefaultLimit;
  std::string cursor;
};

ApiResult<SearchQuery> read_search(const ApiRequest& request) {
  YURAI_ASSIGN(const RequestQuery given,
               RequestQuery::parse(request, {"q", "mode", "limit", "cursor"}));
  SearchQuery query;
  query.text = given.text("q");
  query.cursor = given.text("cursor");
  const std::string_view mode = given.text("mode");
  if (!mode.empty() && mode != "exact" && mode != "bm25") {
    return refuse(400, "'mode' must be exact or bm25", "mode");
  }
  query.bm25 = mode == "bm25";
  YURAI_ASSIGN(query.limit, given.integer("limit", kDefaultLimit, 1, kMaxLimit));
  if (query.text.empty()) return refuse(400, "'q' must be the text to find", "q");
  if (query.text.size() > kMaxQueryBytes) {
    return refuse(413, fmt::format("'q' is larger than {} bytes", kMaxQueryBytes), "q",
                  "too_large");
  }
  if (query.bm25 && !query.cursor.empty()) {
    return refuse(400, "mode bm25 has no 'cursor'; ask for more with 'limit'", "cursor");
  }
  return query;
}

/// What the pages of a search depend on.
std::string bound_to(const Services& services, std::string_view text) {
  return fmt::format("{}\n{}", services.index->corpus().identity().corpus_sha256, text);
}

ApiResult<ApiResponse> search_documents(const Services& services, const SearchQuery& query) {
  if (!services.search) {
    return refuse(404, "the index was built without document search", "mode", "no_document_search");
  }
  YURAI_ASSIGN(const auto hits,
               services.search->search_passages(services.index->corpus(), query.text, query.limit,
                                                kPassageChars));
  Json documents = Json::array();
  for (const PassageHit& hit : hits) documents.push_back(to_json(hit));
  return json_response({{"query", query.text}, {"documents", std::move(documents)}});
}

}  // namespace

ApiResult<ApiResponse> search(const Services& services, const ApiRequest& request) {
  YURAI_ASSIGN(const SearchQuery query, read_search(request));
  if (query.bm25) return search_documents(services, query);
  const std::string list = bound_to(services, query.text);
  YURAI_ASSIGN(const uint64_t first, read_cursor(query.cursor, list, "search"));
  IndexSession session(*services.index);
  YURAI_ASSIGN(const RankRange range, session.find(query.text));
  YURAI_ASSIGN(const auto positions, session.positions(range, first, query.limit));
  Json documents = Json::array();
  for (const uint64_t position : positions) {
    YURAI_ASSIGN(const Occurrence found, session.occurrence(position, query.text.size()));
    documents.push_back(to_json(found));
  }
  const uint64_t next = first + positions.size();
  return json_response(
      {{"query", query.text},
       {"count", range.size()},
       {"documents", std::move(documents)},
       {"next_cursor", next < range.size() && !positions.empty() ? Json(make_cursor(next, list))
                                                                 : Json(nullptr)}});
}

ApiResult<ApiResponse> documents(const Services& services, const ApiRequest& request) {
  const std::string_view path = path_of(request.target);
  const auto id = percent_decode(path.substr(std::min(path.size(), kDocumentsPath.size())));
  if (!id) return refuse(400, fmt::format("'id': {}", id.error().message), "id");
  const Corpus& corpus = services.index->corpus();
  YURAI_ASSIGN(const auto numbers, corpus.find_id(*id, kMaxDocuments + 1));
  if (numbers.empty()) return refuse(404, "no document has this id", "id", "not_found");
  if (numbers.size() > kMaxDocuments) {
    return refuse(
        413,
        fmt::format("more than {} documents have this id; 'yurai corpus show' prints them",
                    kMaxDocuments),
        "id", "too_large");
  }
  uint64_t total = 0;
  for (const uint64_t number : numbers) {
    const Corpus::TextRange range = corpus.text_range(number);
    total += range.end - range.begin;
  }
  if (total > kMaxDocumentBytes) {
    return refuse(413,
                  fmt::format("{} documents have this id, with {} bytes of text: more than {}; "
                              "'yurai corpus show' prints them",
                              numbers.size(), total, kMaxDocumentBytes),
                  "id", "too_large");
  }
  Json documents = Json::array();
  for (const uint64_t number : numbers) {
    YURAI_ASSIGN(const Document document, corpus.document(number));
    YURAI_ASSIGN(Json json, document_json(corpus, number, document, true));
    documents.push_back(std::move(json));
  }
  return json_response({{"documents", std::move(documents)}});
}

ApiResult<ApiResponse> corpus(const Services& services, const ApiRequest&) {
  return json_response(services.corpus_statistics);
}

}  // namespace yurai::handlers
