#include <algorithm>
#include <limits>

#include "yurai/gateway/handlers.h"
#include "yurai/gateway/request_body.h"
#include "yurai/ngram/probability.h"
#include "yurai/query/phrase_query.h"
#include "yurai/search/related.h"

namespace yurai::handlers {
namespace {

constexpr size_t kMaxTraceBytes = 1 << 20;
constexpr size_t kMaxQueryBytes = 1 << 20;
constexpr size_t kMaxTexts = 1000;
constexpr uint64_t kMaxDocuments = 1000;
constexpr uint64_t kMaxSymbols = 100'000;
constexpr uint64_t kMaxQueryBudget = 200'000;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

ApiResult<double> read_max_chance(const RequestBody& body) {
  if (!body.has("max_chance")) return TraceOptions().max_chance;
  const Json& value = body.json()["max_chance"];
  if (value == "inf") return kInfinity;
  if (!value.is_number() || !(value.get<double>() >= 0)) {
    return refuse(400, "'max_chance' must be a number that is not negative, or \"inf\"",
                  "max_chance");
  }
  return value.get<double>();
}

}  // namespace

ApiResult<ApiResponse> trace(const Services& services, const ApiRequest& request) {
  YURAI_ASSIGN(const RequestBody body, RequestBody::parse(request));
  YURAI_TRY(
      body.allow({"text", "max_chance", "min_bytes", "max_documents", "near", "related", "fold"}));
  YURAI_ASSIGN(const std::string text, body.text("text", kMaxTraceBytes));
  TraceOptions options;
  YURAI_ASSIGN(options.max_chance, read_max_chance(body));
  YURAI_ASSIGN(options.min_bytes, body.integer("min_bytes", options.min_bytes, 0, kMaxTraceBytes));
  YURAI_ASSIGN(options.max_documents,
               body.integer("max_documents", options.max_documents, 0, kMaxDocuments));
  YURAI_ASSIGN(const bool related, body.boolean("related", false));
  if (related && !services.search) {
    return refuse(404, "the index was built without document search", "related",
                  "no_document_search");
  }
  YURAI_ASSIGN(options.fold, body.boolean("fold", false));
  if (options.fold && !services.tracer->can_fold()) {
    return refuse(
        404,
        "the index was built without a folded twin; build it again with 'yurai index build --fold'",
        "fold", "no_folded_twin");
  }
  YURAI_ASSIGN(Trace traced, services.tracer->trace(text, options));
  if (services.traced_run) {
    std::optional<TrainedRun::Kept> kept;
    if (services.transformer_steps) {
      kept = TrainedRun::Kept{services.transformer.get(), *services.transformer_steps};
    }
    const auto added = services.traced_run->add_exposures(traced, kept);
    if (!added) return unreadable(added.error(), "the run");
  }
  Json json = to_json(traced);
  YURAI_ASSIGN(const bool near, body.boolean("near", false));
  if (near) {
    YURAI_ASSIGN(const auto copies,
                 services.tracer->near_copies(text, {.max_chance = options.max_chance}));
    json["near_copies"] = to_json(copies);
  }
  if (related) {
    YURAI_ASSIGN(const Related passages,
                 related_passages(*services.search, services.index->corpus(), text));
    json["related"] = to_json(passages);
  }
  return json_response(json);
}

ApiResult<ApiResponse> count(const Services& services, const ApiRequest& request) {
  YURAI_ASSIGN(const RequestBody body, RequestBody::parse(request));
  YURAI_TRY(body.allow({"texts"}));
  YURAI_ASSIGN(const auto texts, body.texts("texts", kMaxTexts, kMaxQueryBytes));
  Json counts = Json::array();
  for (const std::string& text : texts) {
    IndexSession session(*services.index);
    YURAI_ASSIGN(const uint64_t number, session.count(text));
    counts.push_back(number);
  }
  return json_response({{"counts", std::move(counts)}, {"points", name(services.index->points())}});
}

ApiResult<ApiResponse> next(const Services& services, const ApiRequest& request) {
  YURAI_ASSIGN(const RequestBody body, RequestBody::parse(request));
  YURAI_TRY(body.allow({"context", "max_symbols"}));
  YURAI_ASSIGN(const std::string context, body.text("context", kMaxQueryBytes));
  YURAI_ASSIGN(const uint64_t max_symbols,
               body.integer("max_symbols", kMaxSymbols, 0, kMaxSymbols));
  IndexSession session(*services.index);
  YURAI_ASSIGN(const uint64_t context_count, session.count(context));
  YURAI_ASSIGN(auto symbols, session.next(context));
  symbols.resize(std::min<uint64_t>(symbols.size(), max_symbols));
  return json_response(next_json(context, context_count, symbols));
}

ApiResult<ApiResponse> prob(const Services& services, const ApiRequest& request) {
  YURAI_ASSIGN(const RequestBody body, RequestBody::parse(request));
  YURAI_TRY(body.allow({"context", "strings"}));
  YURAI_ASSIGN(const std::string context, body.text("context", kMaxQueryBytes));
  YURAI_ASSIGN(const auto strings, body.texts("strings", kMaxTexts, kMaxQueryBytes));
  YURAI_ASSIGN(const auto probabilities,
               conditional_probabilities(*services.index, context, strings));
  return json_response(to_json(probabilities));
}

ApiResult<ApiResponse> query(const Services& services, const ApiRequest& request) {
  YURAI_ASSIGN(const RequestBody body, RequestBody::parse(request));
  YURAI_TRY(body.allow({"query", "budget", "limit"}));
  YURAI_ASSIGN(const std::string text, body.text("query", kMaxQueryBytes));
  QueryOptions options;
  YURAI_ASSIGN(options.budget, body.integer("budget", options.budget, 2, kMaxQueryBudget));
  YURAI_ASSIGN(options.limit, body.integer("limit", options.limit, 0, kMaxDocuments));
  const auto parsed = parse_phrase_query(text);
  if (!parsed) return refuse(400, parsed.error().message, "query");
  YURAI_ASSIGN(const QueryAnswer answer, answer_query(*services.index, *parsed, options));
  return json_response(to_json(answer));
}

}  // namespace yurai::handlers
